//! The inclusive join by its definition (BPMN 2.0, 13.4.3), by enumeration of paths.
//!
//! The gateway is activated if at least one incoming flow has a token, and for every path that starts with a flow (or
//! an activity) that has a token, ends with an incoming flow that has none and does not visit the gateway, there is
//! also a path that starts with the same flow, ends with an incoming flow that has a token and does not visit the gateway.

use crate::random::{Graph, Kind};
use engine::Event;
use std::collections::{BTreeMap, BTreeSet};

/// A graph as flows between elements.
#[derive(Debug)]
pub struct Net {
    flows: Vec<(String, String)>,
    joins: BTreeSet<String>,
}

/// Where the tokens of an instance are, by what it told.
#[derive(Debug, Default)]
pub struct Marking {
    /// On flows, in the order in which they got there.
    moving: Vec<usize>,
    /// By token: the element, and the flow it came by.
    standing: BTreeMap<String, (String, Option<usize>)>,
    /// A join that is firing, and the flows whose tokens it took.
    firing: Option<(String, Vec<usize>)>,
}

impl Net {
    /// The net of a random graph between a start `s` and an end `e`.
    #[must_use]
    pub fn of(graph: &Graph) -> Self {
        let mut flows = vec![("s".to_owned(), "n0".to_owned())];
        flows.extend(
            graph
                .edges
                .iter()
                .map(|edge| (format!("n{}", edge.from), format!("n{}", edge.to))),
        );
        let last = (0..graph.nodes.len()).filter(|node| graph.out(*node).next().is_none());
        flows.extend(last.map(|node| (format!("n{node}"), "e".to_owned())));
        let joins = (0..graph.nodes.len()).filter(|node| graph.nodes[*node] == Kind::Inclusive);
        let joins = joins.map(|node| format!("n{node}"));
        let joins = joins
            .filter(|node| flows.iter().filter(|(_, to)| to == node).count() > 1)
            .collect();
        Self { flows, joins }
    }

    fn into(&self, element: &str) -> Vec<usize> {
        (0..self.flows.len())
            .filter(|flow| self.flows[*flow].1 == element)
            .collect()
    }

    /// Whether a path that begins with one of these flows ends with one of those, without visiting the gateway before.
    fn leads(&self, from: &[usize], to: &[usize], gateway: &str, path: &mut Vec<usize>) -> bool {
        from.iter().any(|flow| {
            if to.contains(flow) {
                return true;
            }
            let at = &self.flows[*flow].1;
            if path.contains(flow) || at == gateway {
                return false;
            }
            path.push(*flow);
            let on: Vec<usize> = (0..self.flows.len())
                .filter(|next| self.flows[*next].0 == *at)
                .collect();
            let found = self.leads(&on, to, gateway, path);
            path.pop();
            found
        })
    }
}

impl Marking {
    /// Follows what a step told; judges every join that fires.
    ///
    /// # Errors
    /// A join that fired and was not to.
    pub fn follow(&mut self, net: &Net, events: &[Event]) -> Result<(), String> {
        for event in events {
            match event {
                Event::Left { element, token } if net.joins.contains(element) => {
                    self.leaves_join(net, element, token)?
                }
                Event::Left { token, .. } => drop(self.standing.remove(token)),
                Event::FlowTaken { flow } => {
                    self.fired()?;
                    let place = net.flows.iter().position(|(from, to)| format!("{from}--{to}") == *flow);
                    self.moving.push(place.ok_or_else(|| format!("no flow {flow}"))?);
                }
                Event::Entered { element, token, .. } => {
                    self.fired()?;
                    let place = self.moving.iter().position(|flow| net.flows[*flow].1 == *element);
                    let by = place.map(|place| self.moving.remove(place));
                    if by.is_none() && element != "s" {
                        return Err(format!("'{element}' is entered by no flow"));
                    }
                    self.standing.insert(token.clone(), (element.clone(), by));
                }
                _ => {}
            }
        }
        self.fired()
    }

    fn leaves_join(&mut self, net: &Net, element: &str, token: &str) -> Result<(), String> {
        if self.firing.as_ref().is_none_or(|(join, _)| join != element) {
            self.fired()?;
            if !self.activated(net, element) {
                return Err(format!("the inclusive join '{element}' fires too early"));
            }
            self.firing = Some((element.to_owned(), self.filled(element)));
        }
        let (_, by) = self.standing.remove(token).ok_or("a token left twice")?;
        let Some((_, expected)) = &mut self.firing else {
            return Ok(());
        };
        let place = expected.iter().position(|flow| Some(*flow) == by);
        let place = place.ok_or_else(|| format!("the inclusive join '{element}' takes two tokens of one flow"))?;
        expected.remove(place);
        Ok(())
    }

    /// A join that fired took one token of each flow that had any.
    fn fired(&mut self) -> Result<(), String> {
        match self.firing.take() {
            Some((join, rest)) if !rest.is_empty() => Err(format!("the inclusive join '{join}' leaves tokens behind")),
            _ => Ok(()),
        }
    }

    fn filled(&self, join: &str) -> Vec<usize> {
        let here = self.standing.values().filter(|(element, _)| element == join);
        let flows: BTreeSet<usize> = here.filter_map(|(_, by)| *by).collect();
        flows.into_iter().collect()
    }

    fn activated(&self, net: &Net, join: &str) -> bool {
        let filled = self.filled(join);
        let empty: Vec<usize> = net
            .into(join)
            .into_iter()
            .filter(|flow| !filled.contains(flow))
            .collect();
        let moving = self.moving.iter().map(|flow| vec![*flow]);
        let standing = self.standing.values().filter(|(element, _)| element != join);
        let standing = standing.map(|(element, _)| {
            (0..net.flows.len())
                .filter(|flow| net.flows[*flow].0 == *element)
                .collect::<Vec<usize>>()
        });
        !filled.is_empty()
            && moving.chain(standing).all(|from| {
                let reaches = |to: &[usize]| net.leads(&from, to, join, &mut Vec::new());
                !reaches(&empty) || reaches(&filled)
            })
    }

    /// Nothing moves: no join waits that is activated.
    ///
    /// # Errors
    /// A join that ought to have fired.
    pub fn at_rest(&self, net: &Net) -> Result<(), String> {
        if !self.moving.is_empty() {
            return Err(format!("tokens were lost on flows {:?}", self.moving));
        }
        match net.joins.iter().find(|join| self.activated(net, join)) {
            Some(join) => Err(format!("the inclusive join '{join}' waits and is activated")),
            None => Ok(()),
        }
    }
}
