//! What the engine says happened, counted.

use super::{Instance, World};
use engine::Event;

fn number(id: &str) -> u64 {
    id.rsplit_once('.').and_then(|(_, n)| n.parse().ok()).unwrap_or(0)
}

impl World<'_> {
    pub(super) fn note(&mut self, instance: Instance, happened: &[Event]) {
        let (now, counted) = (self.now, self.gathered.counts(self.now));
        let plan = self.plan;
        let element_of = |id: &str| plan.element_index.get(id).copied();
        for event in happened {
            match event {
                Event::Entered { element, token, .. } => {
                    let Some(place) = element_of(element) else { continue };
                    if counted {
                        self.gathered.elements[place as usize].entered += 1;
                    }
                    if let Some(live) = self.live_mut(instance) {
                        live.tokens.push((number(token), place, now));
                    }
                }
                Event::Left { token, .. } => self.gone(instance, number(token), true),
                Event::Cancelled { token, .. } => self.gone(instance, number(token), false),
                Event::FlowTaken { flow } if counted => {
                    if let Some(place) = plan.flow_index.get(flow.as_str()) {
                        self.gathered.flows[*place as usize] += 1;
                    }
                }
                Event::ErrorThrown { element, .. } if counted => {
                    if let Some(place) = element_of(element) {
                        self.gathered.elements[place as usize].errors += 1;
                    }
                }
                Event::IncidentOpened { element, message, .. } => {
                    self.gathered.incident(element, message);
                }
                _ => {}
            }
        }
    }

    fn gone(&mut self, instance: Instance, token: u64, well: bool) {
        let now = self.now;
        let Some(live) = self.live_mut(instance) else { return };
        let Some(place) = live.tokens.iter().position(|(n, ..)| *n == token) else {
            return;
        };
        let (_, element, since) = live.tokens.swap_remove(place);
        let counted = self.gathered.counts(since);
        let stats = &mut self.gathered.elements[element as usize];
        if !counted {
            return;
        }
        if well {
            stats.left += 1;
            stats.time.add((now - since) as f64 / 1e6);
        } else {
            stats.cancelled += 1;
        }
    }
}
