//! Business calendars in due dates and timers.

use crate::models::{bpmn, flow, line, timer};
use crate::support::System;
use orchestrator::CalendarQuery;
use orchestrator::api::InstanceInfo;

fn task_due(id: &str, due: &str) -> String {
    let task = format!(
        r#"<bpmn:userTask id="visita"><bpmn:extensionElements><zeebe:taskSchedule dueDate="{due}"/></bpmn:extensionElements></bpmn:userTask>"#
    );
    line("", id, &[("visita", task)])
}

async fn started(system: &System, due: &str) -> InstanceInfo {
    system.deploy("visita.bpmn", task_due("controllo", due)).await;
    system.start("controllo", None).await
}

#[tokio::test]
async fn a_due_date_counts_working_days() {
    let system = System::new();
    // 1 January 2026, 09:00 in Italy; 2 January is a Friday, 6 January the Epiphany.
    let info = started(&system, "=business days after(now(), 3, &quot;it&quot;)").await;
    assert_eq!(info.active[0].due, Some("2026-01-07T08:00:00Z".parse().unwrap()));
    let model = timer("attende", "=business days after(today(), 1, &quot;it&quot;)");
    system.deploy("attesa.bpmn", line("", "attesa", &[model])).await;
    let waiting = system.start("attesa", None).await;
    assert_eq!(waiting.active[0].due, Some("2026-01-02T00:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn opening_hours_of_a_deployed_calendar_count_and_an_unknown_one_is_an_incident() {
    let system = System::new();
    let clinic = r#"{"calendar": "ambulatorio", "extends": "it", "municipality": "092009",
        "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "14:00"}]}"#;
    let keys = system.deploy("ambulatorio.calendar.json", clinic.into()).await;
    assert_eq!(keys, ["ambulatorio:1"]);
    let system = system.restart();
    let due = "=business time after(now(), duration(&quot;PT8H&quot;), &quot;ambulatorio&quot;)";
    let info = started(&system, due).await;
    // Friday 2 January 8-14, Monday 5 January from 8 for two hours more.
    assert_eq!(info.active[0].due, Some("2026-01-05T09:00:00Z".parse().unwrap()));
    let info = started(&system, "=business days after(now(), 3, &quot;nessuno&quot;)").await;
    assert!(
        info.incidents[0].message.contains("there is no calendar 'nessuno'"),
        "{:?}",
        info.incidents
    );

    let query = CalendarQuery {
        year: Some(2026),
        municipality: None,
    };
    let shown = system.orchestrator.calendar("ambulatorio", query).await.unwrap();
    assert_eq!(shown.version, 1);
    let patron = shown
        .days_off
        .iter()
        .find(|day| day.date == "2026-10-30".parse().unwrap());
    assert!(patron.is_some_and(|day| day.unverified), "{:?}", shown.days_off);
    let listed = system.orchestrator.calendars().await.unwrap().items;
    assert_eq!(
        listed.iter().map(|c| c.calendar.calendar.as_str()).collect::<Vec<_>>(),
        ["ambulatorio", "it"]
    );
}

#[tokio::test]
async fn a_gateway_asks_whether_today_is_worked() {
    let system = System::new();
    let body = [
        r#"<bpmn:startEvent id="inizio"/><bpmn:exclusiveGateway id="oggi" default="oggi-chiuso"/><bpmn:userTask id="chiuso"/><bpmn:userTask id="aperto"/>"#.to_owned(),
        flow("inizio", "oggi"),
        flow("oggi", "chiuso"),
        r#"<bpmn:sequenceFlow id="f" sourceRef="oggi" targetRef="aperto"><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=is business day(today(), "it") and business days until(today(), date("2026-12-31"), "it") &gt; 200</bpmn:conditionExpression></bpmn:sequenceFlow>"#.to_owned(),
    ];
    system.deploy("g.bpmn", bpmn("", "g", &body.concat())).await;
    assert_eq!(
        system.start("g", None).await.active[0].element,
        "chiuso",
        "New Year's Day"
    );
    system.advance(jiff::SignedDuration::from_hours(24));
    assert_eq!(system.start("g", None).await.active[0].element, "aperto");
}
