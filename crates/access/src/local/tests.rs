//! Sign-in, factors, sessions and accounts over the real store, on a virtual clock.

use super::*;
use crate::{Manage, Mine, Need, NewAccount, PasswordFault};
use jiff::SignedDuration;
use store::{ManualClock, SeededRandom, Store};
use totp_rs::{Algorithm, Builder, Secret};

const PASSWORD: &str = "una frase lunga";

struct World {
    _folder: test_store::Stand,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    identity: LocalIdentity,
}

impl World {
    async fn new() -> Self {
        let (store, folder) = test_store::stand();
        let clock = Arc::new(ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()));
        let options = IdentityOptions {
            password: PasswordCost::weak(),
            site: Some("https://salute.example.it".into()),
            ..IdentityOptions::default()
        };
        let random = Arc::new(SeededRandom::new(11));
        let identity = LocalIdentity::new(store.clone(), clock.clone(), random, options);
        let world = Self {
            _folder: folder,
            store,
            clock,
            identity,
        };
        world.account("rossi", "mmg").await;
        world.account("capo", "admin").await;
        world
    }

    async fn account(&self, username: &str, role: &str) {
        let actor = Actor {
            subject: format!("Practitioner/{username}"),
            name: format!("Nome {username}"),
            roles: vec![role.into()],
            ..Actor::default()
        };
        let new = NewAccount {
            username: username.into(),
            password: PASSWORD.into(),
            actor,
            demo: false,
        };
        self.identity.accounts().create(new).await.unwrap();
    }

    async fn ask(&self, ask: Ask) -> Result<Reply, Refused> {
        match self.identity.ask(ask).await {
            Ok(reply) => Ok(reply),
            Err(AskError::Refused(refused)) => Err(refused),
            Err(AskError::Access(error)) => panic!("{error}"),
        }
    }

    async fn step(&self, ask: Ask) -> Result<Step, Refused> {
        match self.ask(ask).await? {
            Reply::Step(step) => Ok(*step),
            other => panic!("{other:?}"),
        }
    }

    async fn password(&self, username: &str, password: &str) -> Result<Step, Refused> {
        let (username, password) = (username.to_owned(), password.to_owned());
        let visit = Visit::default();
        self.step(Ask::Password {
            username,
            password,
            visit,
        })
        .await
    }

    /// A session of an account that needs only a password.
    async fn signed_in(&self, username: &str) -> SignedIn {
        open(self.password(username, PASSWORD).await.unwrap())
    }

    /// Sets up an app; the secret and the recovery codes.
    async fn with_app(&self, session: &Session) -> (Vec<u8>, Vec<String>) {
        let Reply::Totp(offer) = self.ask(session.mine(Mine::StartTotp)).await.unwrap() else {
            panic!("an offer");
        };
        let secret = unbase32(&offer.secret);
        let confirm = Mine::ConfirmTotp {
            ticket: offer.ticket,
            code: self.code(&secret),
        };
        let Reply::Codes(codes) = self.ask(session.mine(confirm)).await.unwrap() else {
            panic!("codes");
        };
        (secret, codes)
    }

    fn code(&self, secret: &[u8]) -> String {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_secret(Secret::new(secret.into()));
        let now = u64::try_from(self.clock.now().as_second()).unwrap();
        totp.build().unwrap().generate(now).to_string()
    }

    async fn actions(&self) -> Vec<String> {
        let entries = self
            .store
            .snapshot()
            .await
            .unwrap()
            .audit(&store::AuditFilter::newest(None, 100))
            .await
            .unwrap()
            .entries();
        entries
            .into_iter()
            .map(|entry| format!("{} {} {}", entry.actor, entry.action, entry.target))
            .collect()
    }
}

fn open(step: Step) -> SignedIn {
    match step {
        Step::Open(signed_in) => *signed_in,
        Step::Need { need, .. } => panic!("still needed: {need:?}"),
    }
}

fn need(step: Step) -> (String, Need) {
    match step {
        Step::Need { ticket, need } => (ticket, need),
        Step::Open(_) => panic!("a session was opened"),
    }
}

fn unbase32(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.chars().filter(|c| *c != ' ') {
        held = (held << 5) | u32::try_from(ALPHABET.find(letter).unwrap()).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 255).unwrap());
        }
    }
    bytes
}

#[tokio::test]
async fn an_app_is_set_up_and_then_demanded_and_no_code_is_taken_twice() {
    let world = World::new().await;
    let session = world.signed_in("rossi").await.session;
    assert_eq!(session.actor.assurance, 1);
    let (secret, codes) = world.with_app(&session).await;
    assert_eq!(codes.len(), 10);
    let used = world.code(&secret);
    let (ticket, asked) = need(world.password("rossi", PASSWORD).await.unwrap());
    assert!(matches!(
        asked,
        Need::Code {
            app: true,
            passkey: false
        }
    ));
    let code = |ticket: &str, code: &str| Ask::Code {
        ticket: ticket.into(),
        code: code.into(),
    };
    // The code that confirmed the app was seen once: it is spent.
    assert_eq!(world.step(code(&ticket, &used)).await.unwrap_err(), Refused::Wrong);
    world.clock.advance(SignedDuration::from_secs(30));
    let fresh = world.code(&secret);
    let signed_in = open(world.step(code(&ticket, &fresh)).await.unwrap());
    assert_eq!(signed_in.session.actor.assurance, 2);
    // Neither the code nor the ticket again.
    let (other, _) = need(world.password("rossi", PASSWORD).await.unwrap());
    assert_eq!(world.step(code(&other, &fresh)).await.unwrap_err(), Refused::Wrong);
    assert!(world.step(code(&other, &codes[0])).await.is_ok());
    assert_eq!(
        world.step(Ask::Look { ticket }).await.map(need).unwrap().1.kind(),
        "code"
    );
    let (third, _) = need(world.password("rossi", PASSWORD).await.unwrap());
    assert_eq!(world.step(code(&third, &codes[0])).await.unwrap_err(), Refused::Wrong);
    // HTTP Basic cannot give a second factor.
    assert!(matches!(
        world.identity.verify("rossi", PASSWORD).await,
        Err(SignInError::MoreNeeded)
    ));
    let actions = world.actions().await;
    assert!(
        actions
            .iter()
            .any(|a| a == "Practitioner/rossi account.totp-set account/rossi"),
        "{actions:?}"
    );
    assert!(actions.iter().any(|a| a.contains("second-factor account/rossi")));
}

impl Need {
    fn kind(&self) -> &'static str {
        match self {
            Need::Code { .. } => "code",
            Need::Enrol(_) => "enrol",
            Need::NewPassword => "password",
            Need::Choose(_) => "choose",
        }
    }
}

#[tokio::test]
async fn wrong_codes_lock_and_a_right_password_does_not_forget_them() {
    let world = World::new().await;
    let session = world.signed_in("rossi").await.session;
    world.with_app(&session).await;
    for n in 0..5 {
        let Ok(step) = world.password("rossi", PASSWORD).await else {
            panic!("locked after {n}");
        };
        let (ticket, _) = need(step);
        let code = "000000".to_owned();
        assert!(world.step(Ask::Code { ticket, code }).await.is_err());
    }
    assert!(matches!(
        world.password("rossi", PASSWORD).await,
        Err(Refused::Locked { retry_after_s: 30 })
    ));
    world.clock.advance(SignedDuration::from_secs(31));
    assert!(world.password("rossi", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_role_that_demands_a_second_factor_lets_nobody_in_without() {
    let world = World::new().await;
    assert!(matches!(
        world.identity.verify("capo", PASSWORD).await,
        Err(SignInError::MoreNeeded)
    ));
    let (ticket, asked) = need(world.password("capo", PASSWORD).await.unwrap());
    let Need::Enrol(offer) = asked else {
        panic!("{asked:?}");
    };
    assert!(offer.qr.starts_with("<svg"), "{}", &offer.qr[..40]);
    let enrol = |code: String| Ask::Enrol {
        ticket: ticket.clone(),
        offer: offer.ticket.clone(),
        code,
    };
    assert_eq!(world.step(enrol("123".into())).await.unwrap_err(), Refused::Wrong);
    let code = world.code(&unbase32(&offer.secret));
    let signed_in = open(world.step(enrol(code)).await.unwrap());
    assert_eq!((signed_in.codes.len(), signed_in.session.actor.assurance), (10, 2));
    // And it cannot be taken away again.
    let removed = world.ask(signed_in.session.mine(Mine::RemoveTotp)).await;
    assert_eq!(removed.unwrap_err(), Refused::FactorNeeded);
}

#[tokio::test]
async fn an_administrator_gives_a_code_that_works_once_and_ends_everything_old() {
    let world = World::new().await;
    let old = world.signed_in("rossi").await;
    let admin = admin(&world).await;
    let reset = admin.manage(Manage::Reset {
        username: "Rossi".into(),
        factors: false,
    });
    let Reply::Reset { code, .. } = world.ask(reset).await.unwrap() else {
        panic!("a code");
    };
    assert!(
        world.identity.session(&old.token).await.unwrap().is_none(),
        "sessions end"
    );
    assert_eq!(
        world.password("rossi", PASSWORD).await.unwrap_err(),
        Refused::Wrong,
        "the old password ends"
    );
    let recover = || Ask::Recover {
        username: "rossi".into(),
        code: code.clone(),
        visit: Visit::default(),
    };
    let (ticket, asked) = need(world.step(recover()).await.unwrap());
    assert_eq!(asked.kind(), "password");
    let new = |password: &str| Ask::NewPassword {
        ticket: ticket.clone(),
        password: password.into(),
    };
    let common = world.step(new("Password2026!")).await.unwrap_err();
    assert_eq!(common, Refused::Password(PasswordFault::Common));
    open(world.step(new("un'altra frase lunga")).await.unwrap());
    assert!(world.password("rossi", "un'altra frase lunga").await.is_ok());
    assert_eq!(world.step(recover()).await.unwrap_err(), Refused::Wrong);
    assert_eq!(
        world.step(new("una terza frase lunga")).await.unwrap_err(),
        Refused::Ended
    );
    // A code that nobody used in time.
    let reset = admin.manage(Manage::Reset {
        username: "rossi".into(),
        factors: false,
    });
    let Ok(Reply::Reset { code, .. }) = world.ask(reset).await else {
        panic!("a code");
    };
    world.clock.advance(SignedDuration::from_hours(25));
    let late = Ask::Recover {
        username: "rossi".into(),
        code,
        visit: Visit::default(),
    };
    assert_eq!(world.step(late).await.unwrap_err(), Refused::Wrong);
}

async fn admin(world: &World) -> Session {
    let (ticket, asked) = need(world.password("capo", PASSWORD).await.unwrap());
    let Need::Enrol(offer) = asked else {
        panic!("{asked:?}");
    };
    let code = world.code(&unbase32(&offer.secret));
    let enrol = Ask::Enrol {
        ticket,
        offer: offer.ticket,
        code,
    };
    open(world.step(enrol).await.unwrap()).session
}

#[tokio::test]
async fn only_administrators_manage_and_only_with_a_fresh_proof() {
    let world = World::new().await;
    let doctor = world.signed_in("rossi").await.session;
    let list = || Manage::List { query: String::new() };
    assert_eq!(world.ask(doctor.manage(list())).await.unwrap_err(), Refused::NotAllowed);
    let admin = admin(&world).await;
    let Reply::Accounts(accounts) = world.ask(admin.manage(list())).await.unwrap() else {
        panic!("accounts");
    };
    assert_eq!(accounts.len(), 2);
    let disable = |username: &str, disabled| {
        admin.manage(Manage::Disable {
            username: username.into(),
            disabled,
        })
    };
    assert_eq!(
        world.ask(disable("capo", true)).await.unwrap_err(),
        Refused::NotAllowed,
        "not oneself"
    );
    world.ask(disable("rossi", true)).await.unwrap();
    let mine = world.ask(doctor.mine(Mine::View)).await;
    assert_eq!(mine.unwrap_err(), Refused::Ended);
    assert!(world.password("rossi", PASSWORD).await.is_err());
    world.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(
        world.ask(disable("rossi", false)).await.unwrap_err(),
        Refused::ProofNeeded
    );
    let create = Manage::Create {
        username: "nuova".into(),
        name: "Anna Nuova".into(),
        subject: "Practitioner/9".into(),
        roles: vec!["system".into()],
        registry: false,
    };
    assert_eq!(world.ask(admin.manage(create)).await.unwrap_err(), Refused::ProofNeeded);
}

#[tokio::test]
async fn the_secret_changes_and_an_old_one_that_comes_back_ends_the_session() {
    let world = World::new().await;
    let first = world.signed_in("rossi").await.token;
    world.clock.advance(SignedDuration::from_mins(16));
    let session = world.identity.session(&first).await.unwrap().unwrap();
    let second = session.renewed.expect("a new secret is due");
    // An answer lost on the way: the old one is still good, and no third one is made beside the second.
    let again = world.identity.session(&first).await.unwrap().unwrap();
    assert_eq!(again.renewed, None);
    let taken = world.identity.session(&second).await.unwrap().unwrap();
    assert_eq!((taken.id, taken.csrf), (session.id, session.csrf));
    // Requests that were under way.
    assert!(world.identity.session(&first).await.unwrap().is_some());
    world.clock.advance(SignedDuration::from_secs(31));
    assert!(world.identity.session(&second).await.unwrap().is_some());
    // Now only a copy can still have the first one.
    assert!(world.identity.session(&first).await.unwrap().is_none());
    assert!(world.identity.session(&second).await.unwrap().is_none());
    assert!(world.actions().await.iter().any(|a| a.contains("session.copied")));
}

#[tokio::test]
async fn sessions_end_by_rest_by_age_and_by_hand() {
    let world = World::new().await;
    let idle = world.signed_in("rossi").await.token;
    world.clock.advance(SignedDuration::from_mins(31));
    assert!(world.identity.session(&idle).await.unwrap().is_none());
    let mut token = world.signed_in("rossi").await.token;
    for _ in 0..36 {
        world.clock.advance(SignedDuration::from_mins(20));
        let session = world.identity.session(&token).await.unwrap().expect("in use");
        token = session.renewed.unwrap_or(token);
    }
    world.clock.advance(SignedDuration::from_mins(1));
    assert!(
        world.identity.session(&token).await.unwrap().is_none(),
        "12 hours are the end"
    );

    let (one, two, three) = (
        world.signed_in("rossi").await,
        world.signed_in("rossi").await,
        world.signed_in("rossi").await,
    );
    let Reply::Access(access) = world.ask(one.session.mine(Mine::View)).await.unwrap() else {
        panic!("access");
    };
    assert_eq!(access.sessions.len(), 3);
    assert!(access.sessions[0].current && !access.sessions[1].current);
    let revoke = Mine::Revoke {
        id: two.session.id.clone(),
    };
    world.ask(one.session.mine(revoke)).await.unwrap();
    assert!(world.identity.session(&two.token).await.unwrap().is_none());
    world.ask(one.session.mine(Mine::RevokeOthers)).await.unwrap();
    assert!(world.identity.session(&three.token).await.unwrap().is_none());
    assert!(world.identity.session(&one.token).await.unwrap().is_some());
    let strange = Mine::Revoke {
        id: admin(&world).await.id,
    };
    let refused = world.ask(one.session.mine(strange)).await.unwrap_err();
    assert_eq!(refused, Refused::Unknown("session".into()), "not somebody else's");
}

#[tokio::test]
async fn an_account_has_so_many_sessions_at_most() {
    let world = World::new().await;
    let first = world.signed_in("rossi").await.token;
    world.clock.advance(SignedDuration::from_secs(1));
    for _ in 0..20 {
        world.signed_in("rossi").await;
    }
    assert!(world.identity.session(&first).await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_password_wants_the_old_one_and_ends_the_other_sessions() {
    let world = World::new().await;
    let (here, there) = (world.signed_in("rossi").await, world.signed_in("rossi").await);
    let change = |old: &str, new: &str| {
        here.session.mine(Mine::ChangePassword {
            old: old.into(),
            new: new.into(),
        })
    };
    assert_eq!(
        world.ask(change("sbagliata!", "un'altra frase")).await.unwrap_err(),
        Refused::Wrong
    );
    let same = world.ask(change(PASSWORD, PASSWORD)).await.unwrap_err();
    assert_eq!(same, Refused::Password(PasswordFault::Same));
    let own = world.ask(change(PASSWORD, "nome-rossi12")).await.unwrap_err();
    assert_eq!(own, Refused::Password(PasswordFault::Personal));
    world.ask(change(PASSWORD, "un'altra frase")).await.unwrap();
    assert!(world.identity.session(&there.token).await.unwrap().is_none());
    assert!(world.identity.session(&here.token).await.unwrap().is_some());
}

#[tokio::test]
async fn a_passkey_ceremony_of_another_purpose_or_person_is_refused() {
    let world = World::new().await;
    let session = world.signed_in("rossi").await.session;
    let Reply::Challenge(challenge) = world.ask(session.mine(Mine::StartPasskey)).await.unwrap() else {
        panic!("a challenge");
    };
    let options = &challenge.options;
    let options = if options["publicKey"].is_null() {
        options
    } else {
        &options["publicKey"]
    };
    assert_eq!(options["rp"]["id"], "salute.example.it", "{options}");
    assert!(options["user"]["id"].as_str().unwrap().len() > 80);
    let sign_in = Ask::Passkey {
        ceremony: challenge.ceremony.clone(),
        answer: serde_json::json!({}),
        visit: Visit::default(),
    };
    assert_eq!(
        world.step(sign_in).await.unwrap_err(),
        Refused::Ended,
        "a registration is no sign-in"
    );
    world.account("verdi", "infermiere").await;
    let other = world.signed_in("verdi").await.session;
    let finish = Mine::FinishPasskey {
        ceremony: challenge.ceremony,
        answer: serde_json::json!({}),
        name: "x".into(),
    };
    assert_eq!(world.ask(other.mine(finish)).await.unwrap_err(), Refused::Ended);
}

async fn administrator(world: &World, name: &str) -> Session {
    let actor = Actor {
        subject: format!("Practitioner/{name}"),
        name: name.into(),
        roles: vec!["admin".into()],
        ..Actor::default()
    };
    let new = NewAccount {
        username: name.into(),
        password: PASSWORD.into(),
        actor,
        demo: true,
    };
    world.identity.accounts().create(new).await.unwrap();
    world.signed_in(name).await.session
}

fn set_roles(username: &str, roles: &[&str]) -> Manage {
    Manage::SetRoles {
        username: username.into(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        registry: false,
    }
}

fn decide(username: &str, confirm: bool) -> Manage {
    Manage::Decide {
        username: username.into(),
        confirm,
    }
}

/// The roles of an account, and those that wait.
async fn roles_of(world: &World, by: &Session, username: &str) -> (Vec<String>, Vec<String>) {
    let view = Manage::View {
        username: username.into(),
    };
    let Ok(Reply::Account(account, _)) = world.ask(by.manage(view)).await else {
        panic!("an account");
    };
    (
        account.actor.roles,
        account.waiting.map(|one| one.roles).unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_sensitive_role_takes_a_second_administrator() {
    let world = World::new().await;
    let anna = administrator(&world, "anna").await;
    let bruno = administrator(&world, "bruno").await;
    let carla = administrator(&world, "carla").await;
    let ask = async |by: &Session, ask: Manage| world.ask(by.manage(ask)).await;
    let given = ask(&anna, set_roles("rossi", &["mmg", "risk-manager"])).await.unwrap();
    assert!(matches!(given, Reply::Waiting), "{given:?}");
    let held = roles_of(&world, &anna, "rossi").await;
    assert_eq!(held, (vec!["mmg".to_owned()], vec!["risk-manager".to_owned()]));
    let Reply::Accounts(waiting) = ask(&bruno, Manage::Waiting).await.unwrap() else {
        panic!("accounts");
    };
    assert_eq!(waiting.len(), 1);
    // Neither who gave it, nor on one's own account.
    assert_eq!(
        ask(&anna, decide("rossi", true)).await.unwrap_err(),
        Refused::SecondPerson
    );
    for own in [
        set_roles("anna", &["admin", "mmg"]),
        set_roles("anna", &["admin", "dpo"]),
    ] {
        assert_eq!(ask(&anna, own).await.unwrap_err(), Refused::OwnRoles);
    }
    let second = Manage::Create {
        username: "anna2".into(),
        name: "Anna".into(),
        subject: "Practitioner/anna".into(),
        roles: vec!["mmg".into()],
        registry: false,
    };
    assert_eq!(ask(&anna, second).await.unwrap_err(), Refused::OwnRoles);
    ask(&bruno, decide("rossi", true)).await.unwrap();
    assert_eq!(roles_of(&world, &anna, "rossi").await.0, ["mmg", "risk-manager"]);
    // What is there already, or takes nobody else, waits for nobody.
    let same = ask(&anna, set_roles("rossi", &["risk-manager", "pls"])).await.unwrap();
    assert!(matches!(same, Reply::Done), "{same:?}");
    // Each other's: Bruno confirmed what Anna gave, so Anna does not confirm what Carla gives to Bruno.
    ask(&carla, set_roles("bruno", &["admin", "dpo"])).await.unwrap();
    assert_eq!(
        ask(&anna, decide("bruno", true)).await.unwrap_err(),
        Refused::SecondPerson
    );
    // Nor does Bruno confirm anything while he waits.
    ask(&anna, set_roles("rossi", &["risk-manager", "pls", "dpo"]))
        .await
        .unwrap();
    assert_eq!(
        ask(&bruno, decide("rossi", true)).await.unwrap_err(),
        Refused::SecondPerson
    );
    ask(&carla, decide("rossi", false)).await.unwrap();
    assert_eq!(
        ask(&carla, decide("rossi", true)).await.unwrap_err(),
        Refused::Unknown("role that waits".into())
    );
    assert_eq!(
        roles_of(&world, &anna, "rossi").await,
        (vec!["risk-manager".to_owned(), "pls".to_owned()], vec![])
    );
    // Who has the machine can always.
    world.identity.accounts().confirm_roles("bruno").await.unwrap();
    assert_eq!(roles_of(&world, &anna, "bruno").await.0, ["admin", "dpo"]);
    let actions = world.actions().await;
    for action in ["account.roles ", "account.roles-confirmed", "account.roles-refused"] {
        assert!(
            actions.iter().any(|done| done.contains(action)),
            "{action}: {actions:?}"
        );
    }
}

#[tokio::test]
async fn a_new_account_has_its_sensitive_roles_when_they_are_confirmed() {
    let world = World::new().await;
    let anna = administrator(&world, "anna").await;
    let create = Manage::Create {
        username: "nuova".into(),
        name: "Nuova".into(),
        subject: "Practitioner/9".into(),
        roles: vec!["admin".into(), "mmg".into()],
        registry: false,
    };
    assert!(matches!(
        world.ask(anna.manage(create)).await.unwrap(),
        Reply::Reset { .. }
    ));
    let held = roles_of(&world, &anna, "nuova").await;
    assert_eq!(held, (vec!["mmg".to_owned()], vec!["admin".to_owned()]));
    // The first administrator made the second, and nobody else is there: the command line confirms.
    assert_eq!(
        world.ask(anna.manage(decide("nuova", true))).await.unwrap_err(),
        Refused::SecondPerson
    );
    assert_eq!(
        world.identity.accounts().confirm_roles("nuova").await.unwrap(),
        ["admin"]
    );
    assert_eq!(roles_of(&world, &anna, "nuova").await.0, ["mmg", "admin"]);
    assert!(world.identity.accounts().confirm_roles("nuova").await.is_err(), "once");
}
