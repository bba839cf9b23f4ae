//! Who is above whom: two lists of neighbours in one allocation each.

use super::Concept;
use std::collections::HashSet;

/// Neighbours of every concept: those of `n` are `all[start[n]..start[n + 1]]`.
#[derive(Debug, Default)]
struct Neighbours {
    start: Box<[u32]>,
    all: Box<[Concept]>,
}

impl Neighbours {
    /// From (concept, neighbour) pairs sorted by concept.
    fn new(count: usize, pairs: &[(u32, u32)]) -> Self {
        if pairs.is_empty() {
            return Self::default();
        }
        let mut start = vec![0_u32; count + 1];
        for (concept, _) in pairs {
            start[*concept as usize + 1] += 1;
        }
        for at in 0..count {
            start[at + 1] += start[at];
        }
        Self {
            start: start.into(),
            all: pairs.iter().map(|(_, neighbour)| Concept(*neighbour)).collect(),
        }
    }

    fn of(&self, concept: Concept) -> &[Concept] {
        match (self.start.get(concept.at()), self.start.get(concept.at() + 1)) {
            (Some(from), Some(to)) => &self.all[*from as usize..*to as usize],
            _ => &[],
        }
    }
}

/// The hierarchy: free of circles.
#[derive(Debug, Default)]
pub(super) struct Hierarchy {
    up: Neighbours,
    down: Neighbours,
}

impl Hierarchy {
    /// From (child, parent) pairs; `Err` names a concept that is above itself.
    pub fn new(count: usize, mut pairs: Vec<(u32, u32)>) -> Result<Self, Concept> {
        pairs.sort_unstable();
        pairs.dedup();
        let up = Neighbours::new(count, &pairs);
        let mut turned: Vec<(u32, u32)> = pairs.iter().map(|(child, parent)| (*parent, *child)).collect();
        turned.sort_unstable();
        let hierarchy = Self {
            up,
            down: Neighbours::new(count, &turned),
        };
        hierarchy.check(count, &pairs)?;
        Ok(hierarchy)
    }

    /// Takes away what has nothing above it, again and again: what is left over is in a circle or below one.
    fn check(&self, count: usize, pairs: &[(u32, u32)]) -> Result<(), Concept> {
        if pairs.is_empty() {
            return Ok(());
        }
        let mut above = vec![0_u32; count];
        for (child, _) in pairs {
            above[*child as usize] += 1;
        }
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let mut free: Vec<Concept> = (0..count).map(Concept).filter(|c| above[c.at()] == 0).collect();
        while let Some(concept) = free.pop() {
            for child in self.children(concept) {
                above[child.at()] -= 1;
                if above[child.at()] == 0 {
                    free.push(*child);
                }
            }
        }
        match (0..count).map(Concept).find(|c| above[c.at()] > 0) {
            Some(left) => Err(left),
            None => Ok(()),
        }
    }

    pub fn is_used(&self) -> bool {
        !self.up.all.is_empty()
    }

    pub fn parents(&self, concept: Concept) -> &[Concept] {
        self.up.of(concept)
    }

    pub fn children(&self, concept: Concept) -> &[Concept] {
        self.down.of(concept)
    }

    pub fn subsumes(&self, above: Concept, below: Concept) -> bool {
        // A tree, which most code systems are, is climbed without remembering where one has been.
        let mut at = below;
        loop {
            if at == above {
                return true;
            }
            match self.parents(at) {
                [] => return false,
                [parent] => at = *parent,
                _ => return self.reach(at, &self.up).contains(&above),
            }
        }
    }

    pub fn descendants_or_self(&self, concept: Concept) -> Vec<Concept> {
        sorted(self.reach(concept, &self.down))
    }

    pub fn ancestors_or_self(&self, concept: Concept) -> Vec<Concept> {
        sorted(self.reach(concept, &self.up))
    }

    fn reach(&self, from: Concept, way: &Neighbours) -> HashSet<Concept> {
        let mut seen = HashSet::from([from]);
        let mut open = vec![from];
        while let Some(concept) = open.pop() {
            open.extend(way.of(concept).iter().filter(|next| seen.insert(**next)));
        }
        seen
    }
}

fn sorted(set: HashSet<Concept>) -> Vec<Concept> {
    let mut list: Vec<Concept> = set.into_iter().collect();
    list.sort_unstable();
    list
}
