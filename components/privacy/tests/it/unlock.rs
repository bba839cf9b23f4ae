//! Protected categories: unlocked for a time, and never told of.

use crate::world::{World, found};
use access::Actor;
use http::StatusCode;

const WHY: &str = "Serve alla scelta della terapia.";

#[tokio::test]
async fn with_agreement_one_category_opens_for_its_time() {
    let world = World::new().await;
    let gp = world.browser("gp").await;
    assert!(!world.sees("gp", "mmg", "h-mine").await);
    let grant = gp.get("/sblocco/mine").await.field("accesso");
    let fields = |category: &'static str, basis: &'static str| {
        [
            ("categoria", category),
            ("consenso", basis),
            ("spiegazione", WHY),
            ("conferma", "1"),
        ]
    };
    for wrong in [
        fields("niente", "presenza"),
        fields("P99", "presenza"),
        fields("DPO", "presenza"),
        fields("hiv", "x"),
    ] {
        let mut all = wrong.to_vec();
        all.push(("accesso", &grant));
        assert_eq!(
            gp.post("/sblocco/mine", &all).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong:?}"
        );
    }
    let mut all = fields("hiv", "presenza").to_vec();
    all.push(("accesso", &grant));
    assert_eq!(gp.post("/sblocco/mine", &all).await.status, StatusCode::SEE_OTHER);
    assert!(world.sees("gp", "mmg", "h-mine").await);
    world.minutes(8 * 60 - 1);
    assert!(world.sees("gp", "mmg", "h-mine").await);
    world.minutes(1);
    assert!(!world.sees("gp", "mmg", "h-mine").await);
    world.settle().await;
    let notices = found(&world.fhir(&Actor::system()), "Communication", &[("patient", "mine")]).await;
    let text = notices[0]["payload"][0]["contentString"].as_str().unwrap();
    assert!(
        text.contains("Risulta il tuo consenso") && !text.contains("HIV"),
        "{text}"
    );
    let officer = world.fhir(&World::actor("dpo", "dpo"));
    assert_eq!(
        found(&officer, "Task", &[("status", "ready")]).await.len(),
        0,
        "agreement needs no review"
    );
}

#[tokio::test]
async fn the_page_is_the_same_whether_there_is_such_data_or_not() {
    let world = World::new().await;
    let gp = world.browser("gp").await;
    let with = gp.get("/sblocco/mine").await.plain();
    world
        .fhir(&Actor::system())
        .delete("Condition", "h-mine")
        .await
        .unwrap();
    assert_eq!(gp.get("/sblocco/mine").await.plain(), with);
}

#[tokio::test]
async fn who_has_no_tie_sees_what_would_be_seen_of_nobody() {
    let world = World::new().await;
    let doctor = world.browser("er").await;
    let (stranger, nobody) = (
        doctor.get("/sblocco/stranger").await,
        doctor.get("/sblocco/nessuno").await,
    );
    assert_eq!(
        (stranger.status, nobody.status),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
    assert_eq!(stranger.plain().replace("stranger", "nessuno"), nobody.plain());
    for who in ["cm", "dpo", "root", "carla"] {
        assert_eq!(
            world.browser(who).await.get("/sblocco/mine").await.status,
            StatusCode::FORBIDDEN,
            "{who}"
        );
    }
}
