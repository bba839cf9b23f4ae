//! Models: timers, calendars, branching, messages, conservation.

use crate::world::{chain, element, file, plan, plan_with, play, taken, tasks};
use proptest::prelude::*;
use serde_json::{Value, json};
use simulation::{Progress, SimulationError, compare, run};

fn scenario(more: &Value) -> Value {
    let mut all = json!({
        "name": "s", "start": "2026-01-05T00:00:00", "instances": 200, "replications": 3, "seed": 5,
        "timeUnit": "minutes", "arrivals": {"interval": 60}
    });
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

#[test]
fn the_same_seed_gives_the_same_report_on_any_number_of_threads() {
    let scenario = scenario(&json!({
        "arrivals": {"interval": {"exponential": {"mean": 30}}, "variables": {"x": {"uniform": {"min": 0, "max": 1}}}},
        "resources": {"r": {"capacity": 1}},
        "elements": {"t": {"duration": {"lognormal": {"mean": 20, "sd": 20}}, "resources": ["r"]}}
    }));
    let one = run(&plan(&tasks("t"), &scenario).unwrap(), &Progress::default(), 1).unwrap();
    let two = run(&plan(&tasks("t"), &scenario).unwrap(), &Progress::default(), 2).unwrap();
    assert_eq!(one, two);
    let mut other = scenario;
    other["seed"] = json!(6);
    let three = run(&plan(&tasks("t"), &other).unwrap(), &Progress::default(), 1).unwrap();
    assert_ne!(one.throughput, three.throughput);
}

#[test]
fn work_rests_while_its_calendar_is_closed() {
    let report = play(
        &tasks("t"),
        &json!({
            "start": "2026-01-05T07:00:00", "instances": 1, "replications": 1,
            "arrivals": {"initial": 1},
            "calendars": [{"calendar": "clinic", "extends": "it", "hours": [
                {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "12:00"}]}],
            "resources": {"r": {"capacity": 1, "calendar": "clinic"}},
            "elements": {"t": {"duration": "PT5H", "resources": ["r"]}}
        }),
    );
    // Monday 7:00: opens at 8, four hours; 6 January is a holiday; Wednesday 8:00 to 9:00
    assert_eq!(report.waiting.mean.mean, 3600.0);
    assert_eq!(report.service.mean.mean, 5.0 * 3600.0);
    assert_eq!(report.throughput.mean.mean, (2.0 * 24.0 + 2.0) * 3600.0);
    assert_eq!(report.resources[0].utilisation.mean, 1.0);
}

#[test]
fn a_boundary_timer_breaks_work_off_and_frees_the_resource() {
    let xml = file(
        "",
        &format!(
            r#"<startEvent id="s"/><userTask id="t"/><endEvent id="e"/><endEvent id="late"/>
            <boundaryEvent id="b" attachedToRef="t"><timerEventDefinition><timeDuration>PT30M</timeDuration></timerEventDefinition></boundaryEvent>
            {}"#,
            chain("s t e") + chain("b late").as_str()
        ),
    );
    let report = play(
        &xml,
        &scenario(&json!({
            "resources": {"r": {"capacity": 1, "costPerHour": 10}},
            "elements": {"t": {"duration": {"empirical": [10, 1000]}, "resources": ["r"]}}
        })),
    );
    assert_eq!(report.throughput.max, 1800.0);
    let task = element(&report, "t");
    let broken = task.cancelled.mean / task.entered.mean;
    assert!((0.4..0.6).contains(&broken), "{broken}");
    assert!((taken(&report, "b--late") - 100.0).abs() < 1e-9);
    // broken off after half an hour: half of the hourly cost
    assert!((report.cost.max - 5.0).abs() < 1e-9);
    assert_eq!(
        element(&report, "t").queue_max,
        0,
        "an hour between arrivals, and nobody holds it longer than half"
    );
}

#[test]
fn timers_and_cycles_run_on_the_virtual_clock() {
    let xml = file(
        "",
        &format!(
            r#"<startEvent id="s"><timerEventDefinition><timeCycle>R5/P1D</timeCycle></timerEventDefinition></startEvent>
            <intermediateCatchEvent id="w"><timerEventDefinition><timeDuration>P7D</timeDuration></timerEventDefinition></intermediateCatchEvent>
            <endEvent id="e"/>{}"#,
            chain("s w e")
        ),
    );
    let report = play(
        &xml,
        &json!({"start": "2026-01-01", "horizon": "P1Y", "replications": 2}),
    );
    assert_eq!(
        (report.started.mean, report.completed.mean, report.live.mean),
        (5.0, 5.0, 0.0)
    );
    assert_eq!(report.throughput.mean.mean, 7.0 * 86_400.0);
}

#[test]
fn decisions_and_conditions_decide_unless_chance_is_given() {
    let dmn = r##"<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">
        <inputData id="in" name="age"><variable id="v" name="age" typeRef="number"/></inputData>
        <decision id="class" name="class"><variable id="w" name="class"/>
        <informationRequirement id="q"><requiredInput href="#in"/></informationRequirement><decisionTable id="t" hitPolicy="FIRST">
        <input id="i"><inputExpression typeRef="number"><text>age</text></inputExpression></input><output id="o" typeRef="string"/>
        <rule id="r1"><inputEntry id="a"><text>&gt;= 65</text></inputEntry><outputEntry id="x"><text>"old"</text></outputEntry></rule>
        <rule id="r2"><inputEntry id="b"><text>-</text></inputEntry><outputEntry id="y"><text>"young"</text></outputEntry></rule>
        </decisionTable></decision></definitions>"##;
    let xml = file(
        "",
        &format!(
            r#"<startEvent id="s"/><businessRuleTask id="d"><extensionElements><zeebe:calledDecision decisionId="class" resultVariable="c"/></extensionElements></businessRuleTask>
            <exclusiveGateway id="g" default="g--young"/><endEvent id="old"/><endEvent id="young"/>{}
            <sequenceFlow id="g--old" sourceRef="g" targetRef="old"><conditionExpression>=c = "old"</conditionExpression></sequenceFlow>
            <sequenceFlow id="g--young" sourceRef="g" targetRef="young"/>"#,
            chain("s d g")
        ),
    );
    let mut all = scenario(&json!({
        "instances": 400,
        "arrivals": {"interval": 1, "variables": {"age": {"choice": [{"value": 70, "weight": 3}, {"value": 40}]}}}
    }));
    let feel = || {
        let feel = dmn::Feel::new();
        feel.deploy(dmn).unwrap();
        feel
    };
    let plan = plan_with(&xml, &all, feel()).unwrap();
    let report = run(&plan, &Progress::default(), 1).unwrap();
    assert_eq!(report.incidents, []);
    let share = taken(&report, "g--old");
    assert!((share - 75.0).abs() < 5.0, "{share}");
    all["flows"] = json!({"g--old": 0.2});
    let plan = plan_with(&xml, &all, feel()).unwrap();
    let report = run(&plan, &Progress::default(), 1).unwrap();
    assert!((taken(&report, "g--old") - 20.0).abs() < 5.0);
    assert!((report.ends[1].percent.mean - 80.0).abs() < 5.0);
}

#[test]
fn a_model_without_conditions_goes_by_probabilities() {
    let xml = file(
        "",
        &format!(
            r#"<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="a"/><endEvent id="b"/>{}
            <sequenceFlow id="ga" sourceRef="g" targetRef="a"/><sequenceFlow id="gb" sourceRef="g" targetRef="b"></sequenceFlow>"#,
            chain("s g")
        ),
    );
    let report = play(&xml, &scenario(&json!({"flows": {"ga": 0.3}})));
    assert!((taken(&report, "ga") - 30.0).abs() < 6.0);
    let told = plan(&xml, &scenario(&json!({}))).err().unwrap().to_string();
    assert!(
        told.contains("flows.ga: the model does not say when 'g' takes it"),
        "{told}"
    );
}

#[test]
fn messages_come_from_outside_and_between_processes() {
    let xml = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">
        <message id="ask" name="ask"/><message id="news" name="news"/>
        <process id="p" isExecutable="true"><startEvent id="s"/>
          <intermediateThrowEvent id="send"><messageEventDefinition messageRef="ask"/></intermediateThrowEvent>
          <receiveTask id="wait" messageRef="news"/><endEvent id="e"/>
          <sequenceFlow id="a" sourceRef="s" targetRef="send"/><sequenceFlow id="b" sourceRef="send" targetRef="wait"/>
          <sequenceFlow id="c" sourceRef="wait" targetRef="e"/></process>
        <process id="q" isExecutable="true"><startEvent id="qs"><messageEventDefinition messageRef="ask"/></startEvent>
          <userTask id="answer"/><endEvent id="qe"/>
          <sequenceFlow id="x" sourceRef="qs" targetRef="answer"/><sequenceFlow id="y" sourceRef="answer" targetRef="qe"/></process>
        </definitions>"#;
    let report = play(
        xml,
        &scenario(&json!({
            "process": "p", "instances": 50,
            "elements": {"answer": {"duration": 10}, "wait": {"waiting": 45, "results": {"risposta": {"feel": "1 + 1"}}}}
        })),
    );
    assert_eq!(report.started.mean, 100.0, "each of 50 has started another one");
    assert_eq!(element(&report, "wait").time.mean.mean, 45.0 * 60.0);
    assert_eq!(element(&report, "answer").time.mean.mean, 600.0);
    assert_eq!(report.live.mean, 0.0);
}

#[test]
fn errors_are_drawn_and_caught() {
    let xml = file(
        r#"<error id="err" errorCode="E1"/>"#,
        &format!(
            r#"<startEvent id="s"/><userTask id="t"/><endEvent id="e"/><endEvent id="bad"/>
            <boundaryEvent id="b" attachedToRef="t"><errorEventDefinition errorRef="err"/></boundaryEvent>{}"#,
            chain("s t e") + chain("b bad").as_str()
        ),
    );
    let report = play(
        &xml,
        &scenario(&json!({"elements": {"t": {"duration": 1, "errors": [{"code": "E1", "probability": 0.3}]}}})),
    );
    let bad = report.ends.iter().find(|end| end.flow == "bad").unwrap().percent.mean;
    assert!((bad - 30.0).abs() < 6.0, "{bad}");
}

#[test]
fn arrivals_keep_to_hours_and_weekdays() {
    let xml = tasks("t");
    let hourly: Vec<u32> = (0..24).map(|hour| u32::from((8..10).contains(&hour))).collect();
    let report = play(
        &xml,
        &json!({
            "start": "2026-01-05", "horizon": "P28D", "replications": 4, "seed": 3,
            "arrivals": {"perDay": 20, "weekly": [1, 1, 1, 1, 1, 0, 0], "hourly": hourly},
            "resources": {"r": {"capacity": 1000, "calendar": "morning"}},
            "calendars": [{"calendar": "morning", "workingDays": ["mon", "tue", "wed", "thu", "fri"], "hours": [
                {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "10:00"}]}],
            "elements": {"t": {"duration": "PT0S", "resources": ["r"]}}
        }),
    );
    assert!(
        (report.started.mean / (28.0 * 20.0) - 1.0).abs() < 0.1,
        "{:?}",
        report.started
    );
    assert_eq!(report.waiting.max, 0.0, "nobody comes when it is closed");
}

#[test]
fn a_comparison_is_sharper_with_common_random_numbers() {
    let before = scenario(&json!({
        "replications": 10,
        "arrivals": {"interval": {"exponential": {"mean": 30}}}, "resources": {"r": {"capacity": 1}},
        "elements": {"t": {"duration": {"exponential": {"mean": 20}}, "resources": ["r"]}}
    }));
    let mut after = before.clone();
    after["elements"]["t"]["duration"] = json!({"exponential": {"mean": 19}});
    let (one, two) = (play(&tasks("t"), &before), play(&tasks("t"), &after));
    let found = compare(&one, &two);
    assert!(found.paired);
    let of = |what: &str| found.differences.iter().find(|one| one.what == what).unwrap();
    assert!(of("throughput").significant && of("throughput").difference.mean < 0.0);
    assert!(of("waiting").significant);
    let width = |estimate: simulation::Estimate| estimate.high.unwrap() - estimate.low.unwrap();
    assert!(width(of("throughput").difference) < width(of("throughput").before) / 2.0);
    assert!(!of("completed").significant);
}

#[test]
fn mistakes_and_maximums_are_told() {
    let refused = |more: Value, part: &str| {
        let told = match plan(&tasks("t"), &scenario(&more)) {
            Err(error) => error.to_string(),
            Ok(plan) => run(&plan, &Progress::default(), 1).unwrap_err().to_string(),
        };
        assert!(told.contains(part), "{told}");
    };
    refused(
        json!({"elements": {"x": {"duration": 1}}}),
        "elements.x: no model has such an element; use the id",
    );
    refused(json!({"elements": {"t": {"durata": 1}}}), "elements.t.durata");
    refused(
        json!({"elements": {"t": {"resources": ["r"]}}}),
        "there is no resource 'r'",
    );
    refused(json!({"flows": {"s--t": 0.5}}), "nothing is chosen at 's'");
    refused(json!({"instances": null}), "nothing says when the simulation ends");
    refused(json!({"arrivals": {}}), "exactly one of interval and perDay");
    refused(json!({"process": "q"}), "there is no process 'q'");
    refused(
        json!({"resources": {"r": {"capacity": 1, "calendar": "x"}}}),
        "resources.r.calendar",
    );
    let crowd = json!({"limits": {"live": 10}, "arrivals": {"interval": 1}, "resources": {"r": {"capacity": 1}},
        "elements": {"t": {"duration": 100, "resources": ["r"]}}});
    refused(crowd, "wait for 'r'");
    refused(json!({"limits": {"steps": 10}}), "limits.steps");
    refused(
        json!({"elements": {"t": {"duration": 1, "results": {"x": {"feel": "y.z + date(\"no\")"}, "w": {"feel": "1 +"}}}}}),
        "results.w.feel",
    );
    let progress = Progress::default();
    progress.cancel();
    let plan = plan(&tasks("t"), &scenario(&json!({"instances": 100_000}))).unwrap();
    assert_eq!(run(&plan, &progress, 1).unwrap_err(), SimulationError::Cancelled);
}

/// A random process of tasks, choices, parallel branches and sub-processes.
fn block(depth: u32) -> BoxedStrategy<Block> {
    let leaf = prop_oneof![Just(Block::Task), Just(Block::Timer)];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = || prop::collection::vec(block(depth - 1), 1..3);
    prop_oneof![
        leaf,
        inner().prop_map(Block::Sequence),
        inner().prop_map(Block::Choice),
        inner().prop_map(Block::Parallel),
        inner().prop_map(Block::Broken),
    ]
    .boxed()
}

#[derive(Debug, Clone)]
enum Block {
    Task,
    Timer,
    Sequence(Vec<Block>),
    Choice(Vec<Block>),
    Parallel(Vec<Block>),
    /// A sub-process that a timer may break off.
    Broken(Vec<Block>),
}

/// Writes a block; gives its first and last node.
fn write(block: &Block, next: &mut u32, out: &mut String) -> (String, String) {
    *next += 1;
    let id = format!("n{next}");
    let link = |a: &str, b: &str| format!(r#"<sequenceFlow id="{a}--{b}" sourceRef="{a}" targetRef="{b}"/>"#);
    match block {
        Block::Task => {
            out.push_str(&format!(r#"<userTask id="{id}"/>"#));
            (id.clone(), id)
        }
        Block::Timer => {
            out.push_str(&format!(
                r#"<intermediateCatchEvent id="{id}"><timerEventDefinition><timeDuration>PT{next}M</timeDuration></timerEventDefinition></intermediateCatchEvent>"#
            ));
            (id.clone(), id)
        }
        Block::Sequence(list) => {
            let ends: Vec<_> = list.iter().map(|one| write(one, next, out)).collect();
            for pair in ends.windows(2) {
                out.push_str(&link(&pair[0].1, &pair[1].0));
            }
            (ends[0].0.clone(), ends[ends.len() - 1].1.clone())
        }
        Block::Choice(list) | Block::Parallel(list) => {
            let kind = if matches!(block, Block::Choice(_)) {
                "exclusiveGateway"
            } else {
                "parallelGateway"
            };
            let join = format!("{id}j");
            let choice = matches!(block, Block::Choice(_));
            let mut default = String::new();
            for (place, one) in list.iter().enumerate() {
                let (first, last) = write(one, next, out);
                if choice && place == 0 {
                    default = format!(r#" default="{id}--{first}""#);
                }
                let flow = link(&id, &first);
                let condition = "><conditionExpression>=n &lt; 0.4</conditionExpression></sequenceFlow>";
                out.push_str(&if choice && place > 0 {
                    flow.replace("/>", condition)
                } else {
                    flow
                });
                out.push_str(&link(&last, &join));
            }
            out.push_str(&format!(r#"<{kind} id="{id}"{default}/><{kind} id="{join}"/>"#));
            (id, join)
        }
        Block::Broken(list) => {
            let (mut inside, join) = (String::new(), format!("{id}j"));
            let (first, last) = write(&Block::Sequence(list.clone()), next, &mut inside);
            out.push_str(&format!(
                r#"<subProcess id="{id}"><startEvent id="{id}s"/><endEvent id="{id}e"/>{inside}{}{}</subProcess>
                <boundaryEvent id="{id}b" attachedToRef="{id}"><timerEventDefinition><timeDuration>PT20M</timeDuration></timerEventDefinition></boundaryEvent>
                <exclusiveGateway id="{join}"/>{}{}"#,
                link(&format!("{id}s"), &first),
                link(&last, &format!("{id}e")),
                link(&id, &join),
                link(&format!("{id}b"), &join)
            ));
            (id, join)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the model: every instance that began has ended or is alive, and what was entered was left, broken off
    /// or is still there.
    #[test]
    fn nothing_is_lost(block in block(3), seed in 0..1000_u64) {
        let mut inside = String::new();
        let (first, last) = write(&block, &mut 0, &mut inside);
        let xml = file("", &format!(r#"<startEvent id="s"/><endEvent id="e"/>{inside}
            <sequenceFlow id="in" sourceRef="s" targetRef="{first}"/><sequenceFlow id="out" sourceRef="{last}" targetRef="e"/>"#));
        let report = play(&xml, &json!({
            "start": "2026-01-01", "horizon": "PT20H", "replications": 2, "seed": seed, "timeUnit": "minutes",
            "arrivals": {"interval": {"exponential": {"mean": 15}}, "variables": {"n": {"uniform": {"min": 0, "max": 1}}}},
            "resources": {"r": {"capacity": 2}},
            "defaults": {"userTask": {"duration": {"exponential": {"mean": 12}}, "resources": ["r"]}}
        }));
        prop_assert_eq!(report.started.mean, report.completed.mean + report.live.mean);
        prop_assert_eq!(report.failed.mean + report.terminated.mean, 0.0);
        let end = element(&report, "e").entered.mean;
        prop_assert_eq!(end, report.completed.mean);
        for one in &report.elements {
            let gone = one.time.count as f64 / 2.0 + one.cancelled.mean;
            prop_assert!(gone <= one.entered.mean + 1e-9, "{}: {} of {}", one.element, gone, one.entered.mean);
            prop_assert!(report.live.mean > 0.0 || (gone - one.entered.mean).abs() < 1e-9);
        }
        prop_assert!(report.resources[0].utilisation.mean <= 1.0 + 1e-9);
    }
}
