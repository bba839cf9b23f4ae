//! The concurrency cut: groups of which every activity can come right before and right after every one of the others.

use super::sublog::{Graph, Group, components};

/// The groups, each of which can start and end a case.
pub(super) fn cut(graph: &Graph) -> Option<Vec<Group>> {
    let vertices = graph.vertices();
    let apart = vertices
        .iter()
        .flat_map(|a| vertices.range(a + 1..).map(move |b| (*a, *b)));
    let apart = apart.filter(|(a, b)| !graph.has(*a, *b) || !graph.has(*b, *a));
    let mut groups = components(&vertices, apart);
    groups.sort_by_key(Group::len);
    let mut index = 0;
    while index < groups.len() && groups.len() > 1 {
        let group = &groups[index];
        let starts = group.iter().any(|act| graph.starts.contains_key(act));
        if starts && group.iter().any(|act| graph.ends.contains_key(act)) {
            index += 1;
            continue;
        }
        let joined = groups.remove(index);
        groups[index.saturating_sub(1)].extend(joined);
    }
    (groups.len() > 1).then_some(groups)
}
