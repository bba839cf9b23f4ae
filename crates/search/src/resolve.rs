//! Following references, both ways.

use super::context::Context;
use super::past::Ghost;
use crate::error::Outcome;
use crate::keys::{Range, encode, of_param, tag, untext};
use fhir::{IndexValue, ParamId};

/// Type and id of a key that is a reference to a resource of this server.
pub(super) fn local_reference(key: &[u8]) -> Option<(String, String)> {
    let (&kind, rest) = key.split_first()?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    (kind == tag::REFERENCE).then(|| (untext(&rest[end + 1..]), untext(&rest[..end])))
}

/// Row ids of the resources of type `source` whose reference parameter points to (`rtype`, `id`); a superset where the id is so long
/// that index rows cut it.
pub(super) fn pointing(context: &Context<'_>, source: i64, param: ParamId, rtype: &str, id: &str) -> Outcome<Vec<i64>> {
    let key = encode(&IndexValue::Reference {
        rtype: rtype.into(),
        id: id.into(),
    });
    let mut rids = rids_in(context, param, &Range::equal(&key))?;
    if let Some(ghosts) = context.ghosts(source)? {
        rids.retain(|rid| !context.hides(*rid));
        let points = |ghost: &&Ghost| of_param(&ghost.candidate.keys, param).any(|this| this == key);
        rids.extend(ghosts.values().filter(points).map(|ghost| ghost.candidate.rid));
    }
    Ok(rids)
}

/// Row ids in one range of one parameter, for one key in their order.
pub(super) fn rids_in(context: &Context<'_>, param: ParamId, range: &Range) -> Outcome<Vec<i64>> {
    let rids = context.source.rids(param, range)?;
    context.spend(rids.len() as u64 / 4)?;
    Ok(rids)
}
