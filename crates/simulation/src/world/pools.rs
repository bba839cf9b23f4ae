//! Resources: who is served next, what is busy, what it costs.

use super::work::Work;
use super::{What, World};
use crate::SimulationError;
use std::collections::BTreeMap;

/// How many works of a queue are looked at that wait for another resource.
const LOOK_AHEAD: usize = 1_000;

/// One resource.
#[derive(Debug)]
pub(super) struct Pool {
    capacity: u32,
    busy: u32,
    opening: usize,
    /// By priority (highest first), then by arrival.
    pub queue: BTreeMap<(i64, u64), u32>,
    /// When it is looked at again because it opens.
    pub wake: Option<i64>,
}

impl Pool {
    pub fn new(capacity: u32, opening: usize) -> Self {
        Self {
            capacity,
            busy: 0,
            opening,
            queue: BTreeMap::new(),
            wake: None,
        }
    }
}

impl<'p> World<'p> {
    /// What an element needs.
    pub(super) fn needs(&self, element: u32) -> &'p [(usize, u32)] {
        let plan = self.plan;
        plan.elements[element as usize]
            .spec
            .as_ref()
            .map_or(&[], |spec| &spec.resources)
    }

    pub(super) fn enqueue(&mut self, key: u32) {
        let Some(work) = self.works.get(key).cloned() else {
            return;
        };
        for (pool, _) in self.needs(work.element) {
            self.pools[*pool].queue.insert((-work.priority, work.order), key);
            self.gathered.pools[*pool].queue.change(self.now, 1);
            self.dirty.push(*pool);
        }
        self.gathered.elements[work.element as usize].queue.change(self.now, 1);
    }

    pub(super) fn dequeue(&mut self, _key: u32, work: &Work) {
        for (pool, _) in self.needs(work.element) {
            self.pools[*pool].queue.remove(&(-work.priority, work.order));
            self.gathered.pools[*pool].queue.change(self.now, -1);
        }
        if !self.needs(work.element).is_empty() {
            self.gathered.elements[work.element as usize].queue.change(self.now, -1);
        }
    }

    /// Begins what waits for a resource, in its order: first by priority, then by arrival. What lacks units of this very
    /// resource holds up those behind it (a large need is not starved by small ones); what lacks another resource is
    /// passed over.
    pub(super) fn serve(&mut self, pool: usize) -> Result<(), SimulationError> {
        let mut after = None;
        for _ in 0..LOOK_AHEAD {
            let queue = &self.pools[pool].queue;
            let next = match after {
                None => queue.first_key_value(),
                Some(after) => {
                    let bounds = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
                    queue.range(bounds).next()
                }
            };
            let Some((order, key)) = next.map(|(order, key)| (*order, *key)) else {
                return Ok(());
            };
            after = Some(order);
            let Some(work) = self.works.get(key).cloned() else {
                continue;
            };
            match self.lacking(work.element)? {
                Some(place) if place == pool => return Ok(()),
                Some(_) => continue,
                None => {}
            }
            if !self.is_open(pool, &work)? {
                if self.plan.elements[work.element as usize].opening == self.pools[pool].opening {
                    return Ok(()); // the resource itself is closed, for all of them
                }
                continue;
            }
            self.dequeue(key, &work);
            for (place, units) in self.needs(work.element) {
                self.pools[*place].busy += units;
                self.gathered.pools[*place]
                    .busy
                    .set(self.now, u64::from(self.pools[*place].busy));
            }
            self.start_work(key)?;
        }
        Ok(())
    }

    /// The first resource of an element that has too few free units now.
    fn lacking(&mut self, element: u32) -> Result<Option<usize>, SimulationError> {
        for (place, units) in self.needs(element) {
            if self.capacity(*place)?.saturating_sub(self.pools[*place].busy) < *units {
                return Ok(Some(*place));
            }
        }
        Ok(None)
    }

    /// How many units there are now, busy or not. Who began in a shift that is over goes on to the end. When another
    /// shift will begin, the queue is looked at again then.
    fn capacity(&mut self, pool: usize) -> Result<u32, SimulationError> {
        let plan = self.plan;
        if plan.pool_shifts[pool].is_empty() {
            return Ok(self.pools[pool].capacity);
        }
        let (mut units, mut more) = (0, i64::MAX);
        for (opening, here) in &plan.pool_shifts[pool] {
            let open = self.openings[*opening]
                .next_open(self.now, &plan.scenario.calendars)
                .map_err(SimulationError::Failed)?;
            if open <= self.now {
                units += here;
            } else {
                more = more.min(open);
            }
        }
        if more < i64::MAX && self.pools[pool].wake.is_none_or(|wake| more < wake) {
            self.pools[pool].wake = Some(more);
            self.at(more, What::Open(pool));
        }
        Ok(units)
    }

    /// Whether all resources of a work are there now; if not, the pool is looked at again when they are.
    fn is_open(&mut self, pool: usize, work: &Work) -> Result<bool, SimulationError> {
        let opening = self.plan.elements[work.element as usize].opening;
        let next = self.openings[opening]
            .next_open(self.now, &self.plan.scenario.calendars)
            .map_err(SimulationError::Failed)?;
        if next <= self.now {
            return Ok(true);
        }
        if self.pools[pool].wake.is_none_or(|wake| next < wake) {
            self.pools[pool].wake = Some(next);
            self.at(next, What::Open(pool));
        }
        Ok(false)
    }

    /// Frees the resources of a work that is done or broken off, and counts what was used.
    pub(super) fn stop(&mut self, work: &Work) -> Result<(), SimulationError> {
        let needs = self.needs(work.element);
        for (place, units) in needs {
            self.pools[*place].busy -= units;
            self.gathered.pools[*place]
                .busy
                .set(self.now, u64::from(self.pools[*place].busy));
            self.dirty.push(*place);
        }
        let cost = self.used(work, self.now)?;
        let plan = self.plan;
        let opening = plan.elements[work.element as usize].opening;
        let served = match work.started {
            Some(started) => self.between(opening, started, self.now)? as f64 / 1e6,
            None => 0.0,
        };
        if let Some(live) = self.live_mut(work.instance) {
            live.served += served;
            live.cost += cost;
        }
        if self.gathered.counts(work.created) {
            self.gathered.elements[work.element as usize].cost += cost;
        }
        Ok(())
    }

    /// Counts what a work has used of its resources inside the window; gives its whole cost.
    pub(super) fn used(&mut self, work: &Work, until: i64) -> Result<f64, SimulationError> {
        let plan = self.plan;
        let info = &plan.elements[work.element as usize];
        let (Some(spec), Some(started)) = (&info.spec, work.started) else {
            return Ok(0.0);
        };
        let whole = self.between(info.opening, started, until)? as f64;
        let inside = self.between(info.opening, started.max(self.gathered.from), until)? as f64;
        let hours = whole / 3.6e9;
        let mut cost = spec.cost_fixed + spec.cost_per_hour * hours;
        for (place, units) in &spec.resources {
            let rate = plan.scenario.resources[*place].cost_per_hour * f64::from(*units);
            cost += rate * hours;
            let pool = &mut self.gathered.pools[*place];
            pool.used += inside * f64::from(*units);
            pool.cost += rate * inside / 3.6e9;
            pool.done += u64::from(started >= self.gathered.from);
        }
        Ok(cost)
    }

    /// How long a resource was there inside the window, microseconds.
    pub(super) fn available(&mut self, pool: usize, until: i64) -> Result<f64, SimulationError> {
        let plan = self.plan;
        if !plan.pool_shifts[pool].is_empty() {
            let mut all = 0.0;
            for (opening, units) in &plan.pool_shifts[pool] {
                all += self.between(*opening, self.gathered.from, until)? as f64 * f64::from(*units);
            }
            return Ok(all);
        }
        let (opening, capacity) = (self.pools[pool].opening, self.pools[pool].capacity);
        let open = self.between(opening, self.gathered.from, until)?;
        Ok(open as f64 * f64::from(capacity))
    }
}
