//! Closed forms: M/M/1, M/M/c (Erlang C), M/D/1 (Pollaczek and Khinchine), priorities (Cobham).

use crate::world::{element, play, tasks};
use serde_json::{Value, json};
use simulation::Estimate;

fn queue(servers: u32, mean_service: f64, duration: &Value) -> Value {
    json!({
        "name": "queue", "start": "2026-01-01", "horizon": "P40D", "warmUp": "P2D", "replications": 12, "seed": 11,
        "timeUnit": "minutes",
        "arrivals": {"interval": {"exponential": {"mean": 10}}},
        "resources": {"desk": {"capacity": servers, "costPerHour": 30}},
        "elements": {"t": {"duration": duration, "resources": ["desk"], "comment": mean_service}}
    })
}

/// The closed form lies in the interval, or no further from the mean than twice its half width: of several 95 %
/// intervals one may well miss.
fn holds(found: Estimate, exact: f64) {
    let half = found.high.unwrap() - found.mean;
    assert!((found.mean - exact).abs() < 2.0 * half, "{found:?}, exactly {exact}");
    assert!(
        half < 0.15 * exact.abs(),
        "the interval is too wide to say anything: {found:?}"
    );
}

#[test]
fn one_server() {
    // rho = 0.7: the wait in the queue is rho / (mu - lambda), the number in it rho^2 / (1 - rho)
    let report = play(&tasks("t"), &queue(1, 7.0, &json!({"exponential": {"mean": 7}})));
    holds(
        element(&report, "t").waiting.mean,
        60.0 * 0.7 / (1.0 / 7.0 - 1.0 / 10.0),
    );
    holds(element(&report, "t").queue, 0.49 / 0.3);
    holds(report.resources[0].utilisation, 0.7);
    holds(report.throughput.mean, 60.0 / (1.0 / 7.0 - 1.0 / 10.0));
    // the time in the system is exponential: its 90th percentile is ln 10 means
    holds(report.throughput.p90, 60.0 * 10_f64.ln() / (1.0 / 7.0 - 1.0 / 10.0));
    holds(report.cost.mean, 3.5);
    // Little's law
    let arrived = report.started.mean / (38.0 * 86_400.0);
    assert!((report.alive.mean / (arrived * report.throughput.mean.mean) - 1.0).abs() < 0.02);
}

#[test]
fn several_servers() {
    // M/M/3 with rho = 0.8: Erlang C
    let (servers, load) = (3.0, 2.4);
    let report = play(&tasks("t"), &queue(3, 24.0, &json!({"exponential": {"mean": 24}})));
    let top = 2.4_f64.powi(3) / 6.0 * servers / (servers - load);
    let wait = top / (1.0 + 2.4 + 2.4 * 2.4 / 2.0 + top);
    let mu = 1.0 / 24.0;
    holds(element(&report, "t").waiting.mean, 60.0 * wait / (servers * mu - 0.1));
    holds(report.resources[0].utilisation, 0.8);
}

#[test]
fn constant_service() {
    let report = play(&tasks("t"), &queue(1, 7.0, &json!(7)));
    holds(element(&report, "t").waiting.mean, 60.0 * 0.7 * 7.0 / (2.0 * 0.3));
}

#[test]
fn urgent_work_comes_first() {
    // two classes of 0.35 load each; Cobham: W0 / (1 - r1) and W0 / ((1 - r1)(1 - r))
    let xml = tasks("a").replace(
        r#"<userTask id="a"/>"#,
        r#"<exclusiveGateway id="g" default="other"/><userTask id="a"/><userTask id="b"/>"#,
    );
    let xml = xml.replace(r#"id="s--a" sourceRef="s" targetRef="a"/>"#, r#"id="f" sourceRef="s" targetRef="g"/>
        <sequenceFlow id="urgent" sourceRef="g" targetRef="a"><conditionExpression>=false</conditionExpression></sequenceFlow><sequenceFlow id="other" sourceRef="g" targetRef="b"/>
        <sequenceFlow id="b--e" sourceRef="b" targetRef="e"/>"#);
    let mut scenario = queue(1, 7.0, &json!(7));
    scenario["elements"] = json!({
        "a": {"duration": {"exponential": {"mean": 7}}, "resources": ["desk"], "priority": 9},
        "b": {"duration": {"exponential": {"mean": 7}}, "resources": ["desk"], "priority": 1}
    });
    scenario["flows"] = json!({"urgent": 0.5});
    let report = play(&xml, &scenario);
    let residual = 0.1 * 2.0 * 49.0 / 2.0;
    holds(element(&report, "a").waiting.mean, 60.0 * residual / 0.65);
    holds(element(&report, "b").waiting.mean, 60.0 * residual / (0.65 * 0.3));
}

#[test]
fn shifts_have_their_own_number_of_people() {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let calendar = |id: &str, from: &str, to: &str| json!({"calendar": id, "workingDays": days, "hours": [{"days": days, "from": from, "to": to}]});
    let mut scenario = queue(1, 30.0, &json!(30));
    scenario["arrivals"] = json!({"interval": 60});
    scenario["calendars"] = json!([calendar("early", "00:00", "12:00"), calendar("late", "11:00", "23:00")]);
    scenario["resources"]["desk"]["capacity"] =
        json!([{"calendar": "early", "units": 2}, {"calendar": "late", "units": 1}]);
    let report = play(&tasks("t"), &scenario);
    // half a unit is needed all day, 12 hours of 2 and 12 of 1 are there
    let desk = &report.resources[0];
    assert!(
        (desk.utilisation.mean - 1.0 / 3.0).abs() < 0.01,
        "{:?}",
        desk.utilisation
    );
    // only who comes in the hour between the last shift and the first one waits
    assert!(element(&report, "t").waiting.mean.mean < 300.0);

    scenario["resources"]["desk"]["capacity"] = json!([{"calendar": "early", "units": 1}]);
    let alone = play(&tasks("t"), &scenario);
    assert!(
        element(&alone, "t").waiting.mean.mean > 3_600.0,
        "the afternoon waits for the morning"
    );
    assert!((alone.resources[0].utilisation.mean - 1.0).abs() < 0.05);
}
