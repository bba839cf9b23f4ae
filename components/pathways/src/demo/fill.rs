//! What the people of the demo write into each form.

use super::cast::Life;
use crate::people::{Insulin, number};
use jiff::civil::Date;
use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value, json};

/// Answers by question.
pub(super) type Answers = Map<String, Value>;

/// What the writer of a form knows besides the person.
pub(super) struct Moment<'a> {
    /// The day.
    pub today: Date,
    /// The last day of the demo.
    pub end: Date,
    /// BPMN element.
    pub element: &'a str,
    /// Variables the task sees.
    pub variables: &'a Map<String, Value>,
}

/// Fills in a form (Questionnaire id).
pub(super) fn fill(form: &str, life: &mut Life, at: &Moment<'_>) -> Answers {
    let day = at.today.to_string();
    let value = match form {
        "diabete-arruolamento" => enrolment(life, at),
        "diabete-esame-conferma" => confirmation(life, &day),
        "diabete-consenso" => consent(life),
        "diabete-piano-di-cura" => json!({
            "pianoCondiviso": true, "obiettivoAssistito": pick(life, &GOALS), "alimentazione": "consigli",
            "attivitaFisica": pick(life, &["consigli", "gruppo"]), "fumo": life.rng.random_bool(0.2),
            "autocontrollo": true,
        }),
        "diabete-presa-in-carico" => json!({
            "canaleContatto": pick(life, &["telefono", "messaggio", "familiare"]), "fasciaOraria": "mattina",
            "caregiver": life.rng.random_bool(0.4), "ostacoli": pick(life, &["nessuno", "nessuno", "trasporto", "lavoro"]),
            "dataContatto": day,
        }),
        "diabete-educazione" => json!({
            "modalitaEducazione": pick(life, &["individuale", "gruppo"]), "temaAlimentazione": true, "temaAttivita": true,
            "temaAutocontrollo": true, "temaIpoglicemia": true, "temaPiede": true, "temaFarmaci": true,
            "comprensione": pick(life, &["buona", "buona", "parziale"]), "peso": weight(life),
            "altezza": number(life.person.height_cm), "dataEducazione": day,
        }),
        "diabete-visita-diabetologica" => specialist(life, &day),
        "diabete-questionario-assistito" => json!({
            "comeSta": pick(life, &["bene", "bene", "cosi-cosi", "male"]),
            "farmaciPresi": pick(life, &["sempre", "quasi-sempre", "spesso-no"]),
            "giorniAttivita": life.rng.random_range(0..7), "ipoglicemie": life.rng.random_bool(0.1),
            "problemiPiedi": life.rng.random_bool(0.08), "difficolta": pick(life, &HARD), "dataQuestionario": day,
        }),
        "diabete-laboratorio" => laboratory(life, at),
        "diabete-esame-piede" => foot(life, &day),
        "diabete-esame-occhio" => eye(life, &day),
        "diabete-ecg" => json!({
            "esitoEcg": pick(life, &["normale", "normale", "alterazioni-note"]),
            "frequenzaCardiaca": life.rng.random_range(58..92), "dataEcg": day,
        }),
        "diabete-visita-controllo" => visit(life, &day),
        "diabete-revisione-terapia" => review(life, at, &day),
        "diabete-contatto-case-manager" => json!({
            "contattoCanale": "telefono", "contattoMotivo": pick(life, &["dimenticato", "attesa", "trasporto", "salute"]),
            "contattoEsito": if life.rng.random_bool(0.7) { "risolto" } else { "non-risolto" },
            "dataContattoRitardo": day, "noteContatto": "Concordata una nuova data.",
        }),
        "diabete-valutazione-ritardo" => json!({
            "ritardoDecisione": "contatto-diretto", "noteRitardo": "Sentito al telefono: farà gli esami questa settimana.",
        }),
        "diabete-uscita" => json!({
            "motivoUscita": "trasferimento", "dataUscita": day, "consegneFatte": true,
            "noteUscita": "Trasferito in un'altra regione; inviata la sintesi al nuovo medico.",
        }),
        _ => json!({}),
    };
    match value {
        Value::Object(answers) => answers,
        _ => Answers::new(),
    }
}

const GOALS: [&str; 4] = [
    "Camminare mezz'ora al giorno",
    "Perdere 4 kg prima dell'estate",
    "Ridurre il pane e i dolci",
    "Non dimenticare le medicine",
];
const HARD: [&str; 4] = [
    "La dieta quando si mangia fuori",
    "Ricordare gli appuntamenti",
    "Camminare d'inverno",
    "Niente in particolare",
];

fn pick(life: &mut Life, of: &[&'static str]) -> &'static str {
    of.choose(&mut life.rng).copied().unwrap_or_default()
}

fn weight(life: &mut Life) -> serde_json::Number {
    number(life.person.weight_kg + f64::from(life.rng.random_range(-2..2)))
}

fn enrolment(life: &mut Life, at: &Moment<'_>) -> Value {
    let age = life.person.age(at.today);
    let day = at.today.to_string();
    let Some(course) = life.person.diabetes.clone() else {
        return json!({"eta": age, "diagnosiCodice": "nessuna", "sintomi": false, "hba1c": life.person.healthy_hba1c.max(42), "dataHba1c": day});
    };
    let to_confirm = life.character.to_confirm;
    let mut answers = json!({
        "eta": age, "gravidanza": false, "sintomi": false,
        "diagnosiCodice": if to_confirm.is_some() { "nessuna" } else { "250.00" },
        "hba1c": if to_confirm == Some(false) { 49 } else { course.hba1c(at.today, None, &mut life.rng) },
        "dataHba1c": day, "egfr": number(course.egfr_at(at.today, at.end, &mut life.rng)),
        "acr": number(course.acr_at(&mut life.rng)), "retinopatia": course.eye.code(), "piede": course.foot.code(),
        "malattiaCardiovascolare": course.cardiovascular, "scompensoCardiaco": course.heart_failure,
        "ipoglicemiaGrave": course.hypoglycaemia, "fragilita": course.frail,
    });
    therapy(life, &mut answers);
    answers
}

fn therapy(life: &Life, answers: &mut Value) {
    let Some(t) = life.therapy else { return };
    answers["insulina"] = t.insulin.code().into();
    answers["metformina"] = t.metformin.into();
    answers["cardioprotettivi"] = t.protective.into();
    answers["secretagoghi"] = t.secretagogue.into();
}

fn confirmation(life: &mut Life, day: &str) -> Value {
    let value = if life.character.to_confirm == Some(false) {
        45
    } else {
        life.rng.random_range(49..60)
    };
    json!({"hba1cConferma": value, "dataConferma": day})
}

fn consent(life: &Life) -> Value {
    if life.character.consents {
        return json!({"informato": true, "consenso": true, "esenzione013": true});
    }
    json!({"informato": true, "consenso": false, "motivoDiniego": "preferisce-attuale"})
}

fn specialist(life: &mut Life, day: &str) -> Value {
    if let Some(t) = &mut life.therapy {
        t.protective = true;
        t.secretagogue = false;
    }
    let mut answers = json!({
        "inquadramento": "confermato", "dataVisitaDiabetologica": day,
        "indicazioni": "Terapia adeguata al rischio; sospese le sulfaniluree se presenti. Rivedo ai controlli previsti.",
    });
    therapy(life, &mut answers);
    answers
}

fn laboratory(life: &mut Life, at: &Moment<'_>) -> Value {
    let Some(course) = life.person.diabetes.clone() else {
        return json!({});
    };
    let due = |name: &str| at.variables.get("dovuti").is_some_and(|d| d[name] == true);
    let mut answers = json!({"dataLaboratorio": at.today.to_string()});
    if due("esameHba1c") {
        answers["hba1c"] = course.hba1c(at.today, life.enrolled, &mut life.rng).into();
        answers["glicemiaDigiuno"] = life.rng.random_range(96..168).into();
    }
    if due("lipidi") {
        let (hdl, ldl, fat) = (
            life.rng.random_range(38..62),
            life.rng.random_range(62..122),
            life.rng.random_range(84..204),
        );
        answers["hdl"] = hdl.into();
        answers["ldl"] = ldl.into();
        answers["trigliceridi"] = fat.into();
        answers["colesterolo"] = (hdl + ldl + fat / 5).into();
    }
    if due("rene") {
        let egfr = course.egfr_at(at.today, at.end, &mut life.rng);
        answers["egfr"] = number(egfr).into();
        answers["creatinina"] = number((7500.0 / egfr).round() / 100.0).into();
        answers["acr"] = number(course.acr_at(&mut life.rng)).into();
    }
    answers
}

fn foot(life: &mut Life, day: &str) -> Value {
    let Some(course) = &mut life.person.diabetes else {
        return json!({});
    };
    let found = course.foot;
    // An ulcer heals between two examinations; the risk stays.
    if found == crate::people::Foot::Ulcer {
        course.foot = crate::people::Foot::High;
    }
    let feels = found == crate::people::Foot::Low;
    json!({
        "polsiDestro": true, "polsiSinistro": true, "monofilamentoDestro": feels, "monofilamentoSinistro": feels,
        "deformita": matches!(found, crate::people::Foot::High | crate::people::Foot::Ulcer), "calzature": true,
        "piede": found.code(), "dataPiede": day,
    })
}

fn eye(life: &Life, day: &str) -> Value {
    let Some(course) = &life.person.diabetes else {
        return json!({});
    };
    let severe = course.eye == crate::people::Eye::Severe;
    json!({
        "metodoOcchio": "retinografia", "retinopatia": course.eye.code(), "edemaMaculare": false, "invioOculista": severe,
        "dataOcchio": day,
    })
}

fn visit(life: &mut Life, day: &str) -> Value {
    let (systolic, diastolic) = life.person.pressure;
    let kg = weight(life);
    let metres = life.person.height_cm / 100.0;
    let bmi = kg.as_f64().unwrap_or(life.person.weight_kg) / (metres * metres);
    let (cardiovascular, failure, frail) = life
        .person
        .diabetes
        .as_ref()
        .map_or((false, false, false), |c| (c.cardiovascular, c.heart_failure, c.frail));
    json!({
        "dataVisita": day, "sistolica": i64::from(systolic) + life.rng.random_range(-9..7),
        "diastolica": i64::from(diastolic) + life.rng.random_range(-6..5), "peso": kg,
        "bmi": number((bmi * 10.0).round() / 10.0), "ipoglicemiaGrave": false,
        "aderenza": pick(life, &["buona", "buona", "parziale"]), "malattiaCardiovascolare": cardiovascular,
        "scompensoCardiaco": failure, "fragilita": frail, "valutazione": "Condizioni stabili, esami rivisti insieme.",
        "esitoVisita": "prosegue",
    })
}

fn review(life: &mut Life, at: &Moment<'_>, day: &str) -> Value {
    let mut done = "Rinforzo di alimentazione, attività fisica e aderenza.";
    if let Some(t) = &mut life.therapy {
        let specialist = at.element == "valutazione-diabetologo";
        done = if t.secretagogue {
            t.secretagogue = false;
            "Sospesa la sulfanilurea."
        } else if !t.metformin {
            t.metformin = true;
            "Avviata metformina."
        } else if !t.protective {
            t.protective = true;
            "Aggiunto inibitore SGLT2 secondo la Nota 100."
        } else if specialist && t.insulin == Insulin::None {
            t.insulin = Insulin::Basal;
            "Avviata insulina basale."
        } else {
            done
        };
    }
    let changed = !done.starts_with("Rinforzo");
    let mut answers = json!({
        "decisioneTerapia": if changed { "modificata" } else { "rinforzo" }, "motivazione": done,
        "nota100": done.contains("Nota"), "dataRevisione": day,
    });
    therapy(life, &mut answers);
    answers
}
