//! What is wrong with the data of a person, field by field, and what is only worth a look.

use super::Sent;
use crate::fiscal::told_by;
use codicefiscale::places::{Place, places};
use codicefiscale::{CodiceFiscale, Finding, Identifier, Record, Sex, compare, reading};
use jiff::civil::Date;
use web::Texts;

/// Longest text of a field, characters.
const MAX_FIELD: usize = 200;

/// A field and a sentence about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Name of the field in the form.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub text: String,
}

/// The data, read.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Date of birth.
    pub birth: Option<Date>,
    /// Place of birth.
    pub born_in: Option<&'static Place>,
    /// State of citizenship, if it is not Italy.
    pub citizen_of: Option<&'static Place>,
    /// Municipality of residence.
    pub home: Option<&'static Place>,
    /// Municipality of domicile.
    pub domicile: Option<&'static Place>,
    /// The code in the form in which it is kept.
    pub code: Option<String>,
    /// Since when the residence is so.
    pub home_since: Option<Date>,
    /// Since when the name is so.
    pub name_since: Option<Date>,
    /// Expiry of the card.
    pub card_until: Option<Date>,
    /// What forbids writing.
    pub errors: Vec<Problem>,
    /// What is to be looked at before.
    pub notices: Vec<Problem>,
}

impl Checked {
    fn error(&mut self, field: &'static str, text: String) {
        self.errors.push(Problem { field, text });
    }
}

/// Reads and checks what was sent.
pub(crate) fn check(texts: &Texts, sent: &Sent, today: Date) -> Checked {
    let mut checked = Checked::default();
    for (field, text) in [
        ("cognome", &sent.cognome),
        ("nome", &sent.nome),
        ("via", &sent.via),
        ("email", &sent.email),
    ] {
        if text.chars().count() > MAX_FIELD {
            checked.error(field, texts.get("error-too-long", &[("max", MAX_FIELD.into())]));
        }
    }
    if sent.cognome.trim().is_empty() && sent.nome.trim().is_empty() {
        checked.error("cognome", texts.t("error-name"));
    }
    if !matches!(sent.sesso.as_str(), "male" | "female" | "other" | "unknown") {
        checked.error("sesso", texts.t("error-sex"));
    }
    dates(texts, sent, today, &mut checked);
    towns(texts, sent, today, &mut checked);
    code(texts, sent, today, &mut checked);
    contacts(texts, sent, &mut checked);
    checked
}

fn dates(texts: &Texts, sent: &Sent, today: Date, checked: &mut Checked) {
    let mut read = |field: &'static str, text: &str, future: bool| {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        match reading::date(text) {
            Some(day) if future || day <= today => Some(day),
            Some(_) => {
                checked.errors.push(Problem {
                    field,
                    text: texts.t("error-date-future"),
                });
                None
            }
            None => {
                checked.errors.push(Problem {
                    field,
                    text: texts.t("error-date"),
                });
                None
            }
        }
    };
    let birth = read("nascita", &sent.nascita, false);
    let home_since = read("residenza_dal", &sent.residenza_dal, false);
    let name_since = read("nome_dal", &sent.nome_dal, false);
    let card_until = read("tessera_scade", &sent.tessera_scade, true);
    if sent.nascita.trim().is_empty() {
        checked.error("nascita", texts.t("error-birth"));
    }
    if let Some(birth) = birth.filter(|birth| birth.year() < today.year() - 125) {
        checked.error(
            "nascita",
            texts.get("error-birth-old", &[("date", web::date(birth).into())]),
        );
    }
    for (field, since) in [("residenza_dal", home_since), ("nome_dal", name_since)] {
        if let (Some(since), Some(birth)) = (since, birth)
            && since < birth
        {
            checked.error(field, texts.t("error-before-birth"));
        }
    }
    (
        checked.birth,
        checked.home_since,
        checked.name_since,
        checked.card_until,
    ) = (birth, home_since, name_since, card_until);
}

fn towns(texts: &Texts, sent: &Sent, today: Date, checked: &mut Checked) {
    let birth = checked.birth.unwrap_or(today);
    let fields = [
        ("luogo", &sent.luogo, birth),
        ("comune", &sent.comune, today),
        ("domicilio_comune", &sent.domicilio_comune, today),
        ("cittadinanza", &sent.cittadinanza, today),
    ];
    let mut found = [None; 4];
    for (at, (field, text, day)) in fields.into_iter().enumerate() {
        let text = text.trim();
        if text.is_empty() || (field == "cittadinanza" && is_italy(text)) {
            continue;
        }
        match places().find(text, Some(day)) {
            Ok(place) => found[at] = Some(place.place),
            Err(error) => checked.error(field, told_by(texts, error.key(), &error.arguments())),
        }
    }
    [checked.born_in, checked.home, checked.domicile, checked.citizen_of] = found;
    if checked.citizen_of.is_some_and(|state| !state.is_abroad()) {
        checked.error("cittadinanza", texts.t("error-citizenship"));
    }
    if checked.home.is_none() && sent.comune.trim().is_empty() && sent.senza_dimora.is_empty() {
        checked.error("comune", texts.t("error-residence"));
    }
    for (field, cap) in [("cap", &sent.cap), ("domicilio_cap", &sent.domicilio_cap)] {
        let cap = cap.trim();
        if !cap.is_empty() && (cap.len() != 5 || !cap.bytes().all(|b| b.is_ascii_digit())) {
            checked.error(field, texts.t("error-postal-code"));
        }
    }
}

fn is_italy(text: &str) -> bool {
    matches!(
        text.to_lowercase().as_str(),
        "italia" | "italiana" | "italiano" | "it" | "italy"
    )
}

fn code(texts: &Texts, sent: &Sent, today: Date, checked: &mut Checked) {
    let kind = match sent.tipo_codice.as_str() {
        "cf" => "codice-fiscale",
        "stp" => "stp",
        "eni" => "eni",
        _ => {
            if !matches!(sent.senza_codice.as_str(), "neonato" | "in-attesa" | "sconosciuto") {
                checked.error("senza_codice", texts.t("error-no-code"));
            }
            return;
        }
    };
    if sent.codice.trim().is_empty() {
        return checked.error("codice", texts.t("error-code-missing"));
    }
    let identifier = match Identifier::read(&sent.codice) {
        Ok(identifier) => identifier,
        Err(error) if error.is_unverified() => {
            let text = told_by(texts, error.key(), &error.arguments());
            checked.notices.push(Problem { field: "codice", text });
            checked.code = Some(sent.codice.trim().to_uppercase());
            return;
        }
        Err(error) => return checked.error("codice", told_by(texts, error.key(), &error.arguments())),
    };
    let fits = identifier.kind() == kind || (kind == "codice-fiscale" && identifier.kind() == "provisional");
    if !fits {
        return checked.error("codice", texts.t("error-code-kind"));
    }
    if let Identifier::Fiscal(code) = &identifier {
        checked.notices.extend(differences(texts, code, sent, checked, today));
    }
    checked.code = Some(identifier.as_str().to_owned());
}

/// A sentence for each thing in which the code is not that of the person.
fn differences(texts: &Texts, code: &CodiceFiscale, sent: &Sent, checked: &Checked, today: Date) -> Vec<Problem> {
    let some = |text: &'static str| Some(text);
    let record = Record {
        surname: Some(sent.cognome.as_str()),
        given: Some(sent.nome.as_str()),
        sex: match sent.sesso.as_str() {
            "male" => Some(Sex::Male),
            "female" => Some(Sex::Female),
            _ => None,
        },
        birth: checked.birth,
        place: checked.born_in.and_then(|place| some(place.code)),
    };
    let found = compare(code, &record, today);
    // That a municipality had another code then says nothing against the person.
    let tells = found.iter().filter(|one| !matches!(one, Finding::RecordPlace(_)));
    tells
        .map(|one| Problem {
            field: "codice",
            text: told_by(texts, one.key(), &one.arguments()),
        })
        .collect()
}

fn contacts(texts: &Texts, sent: &Sent, checked: &mut Checked) {
    for (field, number) in [("telefono", &sent.telefono), ("cellulare", &sent.cellulare)] {
        let number = number.trim();
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let fits = number.chars().all(|c| c.is_ascii_digit() || "+ -/.()".contains(c)) && (5..=15).contains(&digits);
        if !number.is_empty() && !fits {
            checked.error(field, texts.t("error-phone"));
        }
    }
    let mail = sent.email.trim();
    let sound = mail
        .split_once('@')
        .is_some_and(|(who, host)| !who.is_empty() && host.contains('.') && !mail.contains(' '));
    if !mail.is_empty() && !sound {
        checked.error("email", texts.t("error-email"));
    }
    let card = sent.tessera.trim();
    if !card.is_empty() && (card.len() != 20 || !card.bytes().all(|b| b.is_ascii_digit())) {
        checked.error("tessera", texts.t("error-card"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Sent {
        Sent {
            cognome: "De Luca".into(),
            nome: "Carmela".into(),
            sesso: "female".into(),
            nascita: "12/03/1946".into(),
            luogo: "Napoli".into(),
            tipo_codice: "cf".into(),
            codice: "dlc cml 46c52 f839c".into(),
            comune: "Salerno".into(),
            ..Sent::default()
        }
    }

    fn checked(sent: &Sent) -> Checked {
        check(&crate::texts(web::Lang::It), sent, jiff::civil::date(2026, 11, 22))
    }

    #[test]
    fn sound_data_have_no_problem() {
        let found = checked(&sent());
        assert!(found.errors.is_empty() && found.notices.is_empty(), "{found:?}");
        assert_eq!(found.code.as_deref(), Some("DLCCML46C52F839C"));
        let homeless = Sent {
            comune: String::new(),
            senza_dimora: "si".into(),
            ..sent()
        };
        assert!(checked(&homeless).errors.is_empty());
        let newborn = Sent {
            tipo_codice: "nessuno".into(),
            senza_codice: "neonato".into(),
            codice: String::new(),
            ..sent()
        };
        assert!(checked(&newborn).errors.is_empty());
        let guest = Sent {
            tipo_codice: "stp".into(),
            codice: "STP1501050000123".into(),
            cittadinanza: "Ucraina".into(),
            luogo: "Ucraina".into(),
            ..sent()
        };
        let found = checked(&guest);
        assert!(found.errors.is_empty() && found.notices.is_empty(), "{found:?}");
    }

    #[test]
    fn each_fault_is_told_at_its_field() {
        let wrong = Sent {
            cognome: String::new(),
            nome: String::new(),
            sesso: String::new(),
            nascita: "31/2/1946".into(),
            comune: "Salernitania".into(),
            cap: "8a".into(),
            telefono: "x".into(),
            email: "x".into(),
            tessera: "1".into(),
            codice: "DLCCML46C52F839X".into(),
            residenza_dal: "1/1/2999".into(),
            ..sent()
        };
        let mut fields: Vec<&str> = checked(&wrong).errors.iter().map(|one| one.field).collect();
        fields.sort_unstable();
        let expected = [
            "cap",
            "codice",
            "cognome",
            "comune",
            "email",
            "nascita",
            "residenza_dal",
            "sesso",
            "telefono",
            "tessera",
        ];
        assert_eq!(fields, expected);
        let other = Sent {
            nome: "Ugo".into(),
            ..sent()
        };
        let notices = checked(&other).notices;
        assert_eq!(notices.len(), 1);
        assert!(notices[0].text.contains("«CML»"), "{notices:?}");
    }
}
