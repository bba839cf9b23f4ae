# Process operations
operate-title = Process operations
operate-views = Views of operations
operate-instances = Instances
operate-incidents = Incidents
search = Search
any = All
reason = Reason
retry = Retry
since = since { $date }
version = version { $n }
choose = Choose
choose-instance = Choose instance { $id }
go-on = Go on
back = Back
first-page = First page
refused = Command refused:
command-done = Command carried out.
reason-missing = Write the reason: it stays in the history of each instance.
wrong-date = “{ $text }” is not a date: use yyyy-mm-dd.
wrong-variable = “{ $text }” is not a variable: write name=value.
wrong-number = “{ $text }” is not a whole number.
wrong-action = Choose what to do.
item-done = done
item-failed = failed
item-skipped = skipped
batch-ended = Ended
nothing-chosen = Choose at least one instance, or search with at least one condition.

# Fields
field-modello = Model
field-stato = Status
field-chiave = Business key
field-assistito = Patient id
field-elemento = Standing at element
field-variabile = Variable (name=value)
field-incidente = Text of the incident
field-dal = Started from
field-al = Started until
field-variabili = Variables to set
field-tentativi = Tries to grant
field-messaggio = Message name
field-versione = Target version
field-annulla = Elements to cancel
field-avvia = Elements to start
field-ritmo = Instances a second, at most
help-variabili = One a line, name=value. The value can be a number, true, false, a text or JSON.
help-elementi = Ids of the model, separated by commas.
help-ritmo = Empty: no limit. A low limit spares the connected systems.

# Statuses
status-active = running
status-incident = with incident
status-suspended = suspended
status-completed = completed
status-terminated = terminated

# Columns
col-instance = Instance
col-where = Where it stands
col-started = Started
col-ended = Ended
col-element = Element
col-kind = Kind
col-since = Since
col-due = Due
col-cause = Cause
col-batch = Batch
col-outcome = Outcome
col-begun = Begun
col-who = Who
search-none-title = No instance
search-none-text = Change the conditions of the search.
act-on-all = With all instances found
act-on-ticked = With the chosen instances
prepare-all = Prepare a batch on all
prepare-ticked = Prepare a batch on the chosen

# Instance
instance-title = Instance { $id }
diagram-and-history = Diagram and history
variables = Variables
variables-none = No variables.
commands = Commands

# Actions
action-suspend = Suspend
action-resume = Resume
action-retry = Retry incidents
action-setVariables = Set variables
action-message = Send a message
action-modify = Correct where it stands
action-migrate = Move to another version
action-cancel = Terminate
question-suspend = Suspend instance { $id }?
question-resume = Resume instance { $id }?
question-setVariables = Set variables of instance { $id }?
question-modify = Correct instance { $id }?
question-migrate = Move instance { $id }?
question-cancel = Terminate instance { $id }?
consequence-suspend = Nothing moves until it is resumed; what comes meanwhile is held.
consequence-resume = What came while it was suspended happens now, in the order it came.
consequence-retry = What opened the incidents is tried again, after setting the given variables.
consequence-setVariables = Variables of the process take the given values; conditions are looked at again.
consequence-message = The message goes to each instance that waits for it; the others are skipped.
consequence-modify = Elements to cancel are taken away, those to start begin: all of it or nothing.
consequence-migrate = The instance moves to the chosen version with its tasks, due dates and variables, or stays as it is.
consequence-cancel = Open tasks are cancelled and the pathway ends. It cannot be undone.

# Incidents
incidents-none-title = No open incident
incidents-none-text = All is well.
incident-retried = Tried again: if the cause is still there, the incident comes back to the list.
retried-by-hand = Retried by operations
retry-same-cause = Retry all with the same cause

# Batches
batches-title = Batches
batches-none-title = No batch
batches-none-text = Search instances and choose what to do.
batch-title = Batch: { $what }
batch-begun = Batch begun: it works in the background, even when you close the page.
batch-progress = { $done } of { $total }
batch-failed-n = { $n ->
    [one] one failed
   *[other] { $n } failed
  }
batch-selecting = Choosing instances
batch-running = Running
batch-paused = Paused
batch-cancelled = Stopped
batch-completed = Completed
batch-pause = Pause
batch-resume = Resume the batch
batch-cancel = Stop the batch
batch-retry = Retry only the failed
batch-told-pause = Batch paused.
batch-told-resume = The batch goes on.
batch-told-cancel = Batch stopped: what was done stays done.
progress = Progress
speed = Speed
per-second = { $n } a second
time-left = Estimated time
seconds = { $n ->
    [one] one second
   *[other] { $n } seconds
  }
retry-of = Takes up the failed instances of another batch
export-csv = Download outcomes (CSV)
export-json = Download outcomes (JSON)
outcomes = Outcomes by instance
outcomes-none = No outcome yet.
result-all = All
result-done = Done
result-failed = Failed
result-skipped = Skipped
chosen = On which instances
chosen-ticked = { $n ->
    [one] One chosen instance
   *[other] { $n } chosen instances
  }
to-preview = See the preview
preview-title = Preview: { $what }
preview-count = { $n ->
    [0] No instance matches.
    [one] One instance matches. Nothing was done yet.
   *[other] { $n } instances match. Nothing was done yet.
  }
preview-incomplete = There are at least these: not all were looked at.
preview-tried = Tried
preview-possible = Would be done
preview-skipped = Would be skipped
preview-refused = Would be refused
preview-why = Why
preview-sample = The first instances
preview-what = What would happen
preview-ok = would be done
start-on = { $n ->
    [one] Start on one instance
   *[other] Start on { $n } instances
  }

# Removing a batch
batch-remove = Remove the batch
batch-remove-question = Remove this batch?
batch-remove-what = The list of outcomes is deleted for good.
batch-remove-stays = What was done to the instances stays in their histories.
batch-removed = Batch removed.

# Kinds of elements and incidents
kind-userTask = task of a person
kind-manualTask = manual task
kind-serviceTask = service task
kind-scriptTask = script task
kind-businessRuleTask = business rule task
kind-sendTask = send task
kind-receiveTask = receive task
kind-task = task
kind-callActivity = call of a process
kind-subProcess = sub-process
kind-adHocSubProcess = ad-hoc sub-process
kind-transaction = transaction
kind-intermediateCatchEvent = waiting for an event
kind-intermediateThrowEvent = thrown event
kind-boundaryEvent = boundary event
kind-startEvent = start event
kind-endEvent = end event
kind-eventBasedGateway = event-based gateway
kind-parallelGateway = parallel gateway
kind-inclusiveGateway = inclusive gateway
kind-exclusiveGateway = exclusive gateway
kind-complexGateway = complex gateway
kind-incident = stopped by an incident
kind-job = job
kind-event = waiting for an event
kind-join = waiting for other branches
kind-inside = running inside
incident-job = job failed
incident-unhandled-error = unhandled error
incident-expression = expression without value
incident-decision = decision failed
incident-call = called process missing
incident-limit = limit reached
incident-no-flow = no way to go
incident-timer = timer cannot be computed
