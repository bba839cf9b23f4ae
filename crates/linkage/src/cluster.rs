//! Groups of records of one person, from pairs: what follows from one pair and another is checked before it is taken.

use crate::weigh::Scorer;
use crate::{Link, Thresholds};

/// A merge of two groups that the pairs between them contradict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conflict {
    /// A record of the one.
    pub a: u32,
    /// A record of the other; these two would be the same person.
    pub b: u32,
    /// The mean weight of all pairs between the two groups.
    pub mean: f64,
}

/// Groups of records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clusters {
    /// Groups of two records or more, each sorted, by their first record.
    pub groups: Vec<Vec<u32>>,
    /// Links that were not followed.
    pub conflicts: Vec<Conflict>,
}

/// Records of a group beyond which it takes no more: a person has no thousand records.
const MAX_GROUP: usize = 256;

/// Groups records by the links from `from` (a weight) on, the strongest first. Two groups become one only if the mean weight
/// of all pairs between them says the same person, too (average linkage); else the link is a conflict, for a person to look at.
pub fn cluster(scorer: &Scorer<'_>, links: &[Link], records: usize, from: f64) -> Clusters {
    let mut strong: Vec<&Link> = links.iter().filter(|link| f64::from(link.weight) >= from).collect();
    strong.sort_by(|x, y| y.weight.total_cmp(&x.weight).then((x.a, x.b).cmp(&(y.a, y.b))));
    let mut of: Vec<u32> = vec![u32::MAX; records];
    let mut groups: Vec<Vec<u32>> = vec![];
    let mut clusters = Clusters::default();
    for link in strong {
        let (x, y) = (of[link.a as usize], of[link.b as usize]);
        if x != u32::MAX && x == y {
            continue;
        }
        let members = |group: u32, record: u32, groups: &[Vec<u32>]| match group {
            u32::MAX => vec![record],
            group => groups[group as usize].clone(),
        };
        let (left, right) = (members(x, link.a, &groups), members(y, link.b, &groups));
        let mean = mean(scorer, link, &left, &right);
        if mean < from.min(0.0) || left.len() + right.len() > MAX_GROUP {
            clusters.conflicts.push(Conflict {
                a: link.a,
                b: link.b,
                mean,
            });
            continue;
        }
        let (target, moved, empty) = match (x, y) {
            (u32::MAX, u32::MAX) => {
                groups.push(left);
                let target = u32::try_from(groups.len() - 1).expect("at most as many as records");
                of[link.a as usize] = target;
                (target, right, None)
            }
            (u32::MAX, y) => (y, left, None),
            (x, u32::MAX) => (x, right, None),
            (x, y) if left.len() < right.len() => (y, left, Some(x)),
            (x, y) => (x, right, Some(y)),
        };
        if let Some(empty) = empty {
            groups[empty as usize] = vec![];
        }
        moved.iter().for_each(|record| of[*record as usize] = target);
        groups[target as usize].extend(moved);
    }
    clusters.groups = groups.into_iter().filter(|group| !group.is_empty()).collect();
    clusters.groups.iter_mut().for_each(|group| group.sort_unstable());
    clusters.groups.sort_unstable();
    clusters
}

fn mean(scorer: &Scorer<'_>, link: &Link, left: &[u32], right: &[u32]) -> f64 {
    if left.len() * right.len() == 1 {
        return f64::from(link.weight);
    }
    let pairs = left
        .iter()
        .flat_map(|a| right.iter().map(move |b| scorer.weight(*a, *b)));
    let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), weight| (sum + weight, count + 1.0));
    sum / count
}

impl Clusters {
    /// Links of the groups' records that are neither inside one group nor different by the bands: for a person to review.
    pub fn to_review<'l>(&self, links: &'l [Link], thresholds: &Thresholds, records: usize) -> Vec<&'l Link> {
        let mut of: Vec<usize> = vec![usize::MAX; records];
        for (at, group) in self.groups.iter().enumerate() {
            group.iter().for_each(|record| of[*record as usize] = at);
        }
        let apart = |link: &&Link| {
            let (a, b) = (of[link.a as usize], of[link.b as usize]);
            (a == usize::MAX || a != b) && f64::from(link.weight) >= thresholds.review
        };
        links.iter().filter(apart).collect()
    }
}
