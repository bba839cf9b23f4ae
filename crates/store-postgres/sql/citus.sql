-- Spreads the tables over the workers of a Citus cluster; run once, by the store itself, when the extension is there.
-- What is co-located lies by the same hash of `compartment`, so all of a patient is on one worker.
SELECT create_reference_table('rtype');
SELECT create_reference_table('definition');
SELECT create_reference_table('search_param');
SELECT create_reference_table('param_many');
SELECT create_distributed_table('resource', 'compartment');
SELECT create_distributed_table('resource_history', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('idx', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('instance', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('history', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('timer', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('wait', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('lease', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('outbox', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('delivery', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('record', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('audit_batch', 'compartment', colocate_with => 'resource');
SELECT create_distributed_table('audit_patient', 'compartment', colocate_with => 'resource');
