//! From what the replications counted to the report.

use super::{Bottleneck, ElementReport, Estimate, FlowReport, IncidentReport, Metric, Report, ResourceReport, Series};
use crate::Note;
use crate::plan::Plan;
use crate::stats::Tally;
use crate::world::{ElementStats, Gathered, PoolStats};
use jiff::Timestamp;
use std::collections::BTreeMap;

fn each(all: &[Gathered], value: impl Fn(&Gathered) -> f64) -> Vec<f64> {
    all.iter().map(value).collect()
}

fn estimate(all: &[Gathered], value: impl Fn(&Gathered) -> f64) -> Estimate {
    Estimate::of(&each(all, value))
}

fn metric(all: &[Gathered], tally: impl Fn(&Gathered) -> &Tally) -> Metric {
    let mut whole = Tally::default();
    for one in all {
        whole.merge(tally(one));
    }
    // a replication in which nothing was observed says nothing about the mean
    let over = |value: &dyn Fn(&Tally) -> f64| {
        let seen = all.iter().map(&tally).filter(|tally| tally.count > 0);
        Estimate::of(&seen.map(value).collect::<Vec<_>>())
    };
    Metric {
        count: whole.count,
        mean: over(&Tally::mean),
        sd: whole.sd(),
        min: whole.min,
        max: whole.max,
        p50: over(&|tally| tally.quantile(0.5)),
        p90: over(&|tally| tally.quantile(0.9)),
        p95: over(&|tally| tally.quantile(0.95)),
    }
}

fn moment(all: &[Gathered], pick: impl Fn(&Gathered) -> i64) -> Timestamp {
    let latest = all.iter().map(pick).max().unwrap_or(0);
    Timestamp::from_microsecond(latest).unwrap_or(Timestamp::MAX)
}

impl Report {
    pub(crate) fn of(plan: &Plan, all: &[Gathered]) -> Self {
        let name = plan
            .by_key
            .get(&plan.root)
            .map_or(plan.root.as_str(), |process| process.display_name());
        let mut report = Self {
            scenario: plan.scenario.name.clone(),
            process: plan.root.clone(),
            process_name: name.to_owned(),
            replications: plan.scenario.replications,
            seed: plan.scenario.seed,
            currency: plan.scenario.currency.clone(),
            from: moment(all, |one| one.from),
            until: moment(all, |one| one.until),
            started: estimate(all, |one| one.started as f64),
            completed: estimate(all, |one| one.completed as f64),
            terminated: estimate(all, |one| one.terminated as f64),
            failed: estimate(all, |one| one.failed as f64),
            live: estimate(all, |one| one.live as f64),
            alive: estimate(all, |one| one.alive_mean),
            alive_max: all.iter().map(|one| one.alive.max).max().unwrap_or(0),
            throughput: metric(all, |one| &one.throughput),
            waiting: metric(all, |one| &one.waiting),
            service: metric(all, |one| &one.service),
            cost: metric(all, |one| &one.cost),
            elements: elements(plan, all),
            flows: flows(plan, all),
            ends: ends(plan, all),
            resources: resources(plan, all),
            bottlenecks: bottlenecks(plan, all),
            incidents: incidents(all),
            warnings: plan.warnings.clone(),
            instances_simulated: all.iter().map(|one| one.all_started).sum(),
            steps: all.iter().map(|one| one.steps).sum(),
            series: series(plan, all),
        };
        report.look(all);
        report
    }

    /// What makes the figures doubtful.
    fn look(&mut self, all: &[Gathered]) {
        if all.len() < 2 {
            let text = "one replication gives no confidence intervals: play at least 5";
            self.warnings.push(Note::new("one-replication", &[], text));
        }
        if self.throughput.count == 0 {
            let text = "no instance ended after the warm-up: lengthen the horizon";
            self.warnings.push(Note::new("none-ended", &[], text));
        }
        let ended = self.completed.mean + self.terminated.mean;
        if self.live.mean > ended.max(10.0) {
            let text = "more instances are alive at the end than have ended: either the horizon is short for this \
                        process, or more arrive than can be done";
            self.warnings.push(Note::new("backlog", &[], text));
        }
        for resource in self
            .resources
            .iter()
            .filter(|resource| resource.utilisation.mean > 0.98)
        {
            let text = format!(
                "'{}' is busy all the time: its queue grows as long as the simulation lasts, so waiting times tell the \
                 length of the horizon",
                resource.resource
            );
            self.warnings
                .push(Note::new("busy", &[("resource", &resource.resource)], text));
        }
        if !self.incidents.is_empty() {
            let text = "some instances ended with an incident (see incidents): give the variables that are missing";
            self.warnings.push(Note::new("incidents", &[], text));
        }
    }
}

fn elements(plan: &Plan, all: &[Gathered]) -> Vec<ElementReport> {
    let one = |(place, info): (usize, &crate::plan::ElementInfo)| {
        let of = |value: fn(&ElementStats) -> f64| estimate(all, |one| value(&one.elements[place]));
        let dist = |tally: fn(&ElementStats) -> &Tally| metric(all, |one| tally(&one.elements[place]));
        ElementReport {
            element: info.id.to_string(),
            name: info.name.to_string(),
            kind: info.tag.to_owned(),
            process: info.process.clone(),
            entered: of(|stats| stats.entered as f64),
            cancelled: of(|stats| stats.cancelled as f64),
            errors: of(|stats| stats.errors as f64),
            time: dist(|stats| &stats.time),
            waiting: dist(|stats| &stats.waiting),
            service: dist(|stats| &stats.service),
            queue: of(|stats| stats.queue_mean),
            queue_max: all.iter().map(|one| one.elements[place].queue.max).max().unwrap_or(0),
            cost: of(|stats| stats.cost),
        }
    };
    plan.elements.iter().enumerate().map(one).collect()
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

fn flows(plan: &Plan, all: &[Gathered]) -> Vec<FlowReport> {
    let one = |(place, info): (usize, &crate::plan::FlowInfo)| {
        let (source, target) = (info.source as usize, info.target as usize);
        let share = |one: &Gathered| percent(one.flows[place] as f64, one.elements[source].left as f64).min(100.0);
        FlowReport {
            flow: info.id.to_string(),
            name: info.name.clone().unwrap_or_default(),
            source: plan.elements[source].id.to_string(),
            target: plan.elements[target].id.to_string(),
            taken: estimate(all, |one| one.flows[place] as f64),
            percent: estimate(all, share),
        }
    };
    plan.flows.iter().enumerate().map(one).collect()
}

fn ends(plan: &Plan, all: &[Gathered]) -> Vec<FlowReport> {
    let places: Vec<usize> = (0..plan.elements.len())
        .filter(|place| plan.elements[*place].end_event)
        .collect();
    // the ends of the simulated process itself; those of called processes are told with the elements
    let root = plan.by_key.get(&plan.root).map_or("", |process| process.id.as_str());
    let own: Vec<usize> = places
        .into_iter()
        .filter(|place| plan.elements[*place].process == root)
        .collect();
    let whole = |one: &Gathered| own.iter().map(|place| one.elements[*place].entered as f64).sum::<f64>();
    let one = |place: &usize| FlowReport {
        flow: plan.elements[*place].id.to_string(),
        name: plan.elements[*place].name.to_string(),
        source: String::new(),
        target: plan.elements[*place].id.to_string(),
        taken: estimate(all, |one| one.elements[*place].entered as f64),
        percent: estimate(all, |one| percent(one.elements[*place].entered as f64, whole(one))),
    };
    own.iter().map(one).collect()
}

fn utilisation(pool: &PoolStats) -> f64 {
    if pool.available > 0.0 {
        pool.used / pool.available
    } else {
        0.0
    }
}

fn resources(plan: &Plan, all: &[Gathered]) -> Vec<ResourceReport> {
    let one = |(place, resource): (usize, &crate::scenario::Resource)| {
        let of = |value: fn(&PoolStats) -> f64| estimate(all, |one| value(&one.pools[place]));
        ResourceReport {
            resource: resource.id.clone(),
            name: resource.name.clone(),
            capacity: resource.capacity,
            works: of(|pool| pool.done as f64),
            utilisation: of(utilisation),
            waiting: metric(all, |one| &one.pools[place].waiting),
            queue: of(|pool| pool.queue_mean),
            queue_max: all.iter().map(|one| one.pools[place].queue.max).max().unwrap_or(0),
            cost: of(|pool| pool.cost),
        }
    };
    plan.scenario.resources.iter().enumerate().map(one).collect()
}

fn bottlenecks(plan: &Plan, all: &[Gathered]) -> Vec<Bottleneck> {
    let total: f64 = all
        .iter()
        .flat_map(|one| &one.elements)
        .map(|stats| stats.waiting.total())
        .sum();
    let one = |(place, info): (usize, &crate::plan::ElementInfo)| {
        let waiting = each(all, |one| one.elements[place].waiting.total());
        let sum: f64 = waiting.iter().sum();
        let needs = info.spec.iter().flat_map(|spec| &spec.resources);
        (sum > 0.0).then(|| Bottleneck {
            element: info.id.to_string(),
            name: info.name.to_string(),
            waiting: Estimate::of(&waiting),
            share: sum / total,
            resources: needs
                .map(|(place, _)| plan.scenario.resources[*place].id.clone())
                .collect(),
        })
    };
    let mut found: Vec<Bottleneck> = plan.elements.iter().enumerate().filter_map(one).collect();
    found.sort_by(|a, b| b.waiting.mean.total_cmp(&a.waiting.mean));
    found
}

fn incidents(all: &[Gathered]) -> Vec<IncidentReport> {
    let mut sums: BTreeMap<&(String, String), u64> = BTreeMap::new();
    for (key, count) in all.iter().flat_map(|one| &one.incidents) {
        *sums.entry(key).or_default() += count;
    }
    let told = sums.into_iter().map(|((element, message), count)| IncidentReport {
        element: element.clone(),
        message: message.clone(),
        count,
    });
    told.collect()
}

fn series(plan: &Plan, all: &[Gathered]) -> Vec<Series> {
    let mut found = Vec::new();
    let mut add = |what: &str, at: &str, name: &str, values: Vec<f64>| {
        found.push(Series {
            what: what.to_owned(),
            at: at.to_owned(),
            name: name.to_owned(),
            values,
        });
    };
    add("completed", "", "", each(all, |one| one.completed as f64));
    add("throughput", "", "", each(all, |one| one.throughput.mean()));
    add("throughput-p90", "", "", each(all, |one| one.throughput.quantile(0.9)));
    add("waiting", "", "", each(all, |one| one.waiting.mean()));
    add("service", "", "", each(all, |one| one.service.mean()));
    add("cost", "", "", each(all, |one| one.cost.mean()));
    add("alive", "", "", each(all, |one| one.alive_mean));
    for (place, resource) in plan.scenario.resources.iter().enumerate() {
        let values = each(all, |one| utilisation(&one.pools[place]));
        add("utilisation", &resource.id, &resource.name, values);
    }
    for (place, info) in plan.elements.iter().enumerate() {
        if all.iter().any(|one| one.elements[place].waiting.count > 0) && !info.gateway {
            let values = each(all, |one| one.elements[place].waiting.mean());
            if values.iter().any(|value| *value > 0.0) {
                add("element-waiting", &info.id, &info.name, values);
            }
        }
    }
    found
}
