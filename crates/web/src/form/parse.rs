//! From Questionnaire JSON to a [`Form`].

use super::item::{Bound, Choice, Condition, Item, Kind, Operator};
use super::{Answer, Coding, Form, FormError, MAX_DEPTH, MAX_ITEMS, MAX_OPTIONS, extensions};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const EXT: &str = "http://hl7.org/fhir/StructureDefinition/";
pub(super) const SDC: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-";
/// Options up to this many are radio buttons unless the form asks otherwise.
const MAX_RADIOS: usize = 7;

impl Form {
    /// Reads a Questionnaire. What cannot be shown faithfully is refused, with the item's linkId.
    pub fn parse(questionnaire: &Value) -> Result<Self, FormError> {
        if questionnaire["resourceType"] != "Questionnaire" {
            return Err(FormError::NotAQuestionnaire(questionnaire["resourceType"].to_string()));
        }
        let text = |name: &str| questionnaire[name].as_str().map(str::to_owned);
        let mut reader = Reader {
            questionnaire,
            seen: BTreeSet::new(),
        };
        let items = reader.items(&questionnaire["item"], 1)?;
        let form = Self {
            id: text("id").unwrap_or_default(),
            url: text("url"),
            version: text("version"),
            title: text("title").or_else(|| text("name")).unwrap_or_default(),
            items,
        };
        for item in form.all() {
            for condition in &item.conditions {
                if !reader.seen.contains(&condition.question) {
                    return Err(wrong(
                        &item.link,
                        &format!("enableWhen names '{}', which is no item", condition.question),
                    ));
                }
            }
        }
        Ok(form)
    }
}

struct Reader<'q> {
    questionnaire: &'q Value,
    seen: BTreeSet<String>,
}

fn wrong(link: &str, message: &str) -> FormError {
    FormError::Item {
        link: link.to_owned(),
        message: message.to_owned(),
    }
}

impl Reader<'_> {
    fn items(&mut self, items: &Value, depth: usize) -> Result<Vec<Item>, FormError> {
        if depth > MAX_DEPTH {
            return Err(FormError::Limit {
                what: "levels of items",
                limit: MAX_DEPTH,
            });
        }
        items
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| self.item(item, depth))
            .collect()
    }

    fn item(&mut self, json: &Value, depth: usize) -> Result<Item, FormError> {
        let link = json["linkId"].as_str().filter(|l| !l.is_empty() && l.len() <= 255);
        let link = link
            .ok_or_else(|| wrong("?", "every item needs a linkId of at most 255 characters"))?
            .to_owned();
        if !self.seen.insert(link.clone()) {
            return Err(wrong(&link, "the linkId is used twice"));
        }
        if self.seen.len() > MAX_ITEMS {
            return Err(FormError::Limit {
                what: "items",
                limit: MAX_ITEMS,
            });
        }
        let kind = kind(json["type"].as_str().unwrap_or(""), &link)?;
        let repeats = json["repeats"] == true;
        let pattern = checked(json, kind, &link)?;
        let (help, items): (Vec<Item>, Vec<Item>) = self
            .items(&json["item"], depth + 1)?
            .into_iter()
            .partition(|i| i.kind == Kind::Display && kind.is_question());
        let options = self.options(json, &link)?;
        let control = control(json);
        Ok(Item {
            text: [json["prefix"].as_str(), json["text"].as_str()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
            help: help.into_iter().map(|h| h.text).collect(),
            required: json["required"] == true,
            repeats: repeats && kind != Kind::Group,
            rows: (repeats && kind == Kind::Group).then(|| extensions::rows(json)),
            upload: (kind == Kind::Attachment).then(|| extensions::upload(json)),
            computed: extensions::computed(json, kind),
            min_length: extensions::whole(json, &format!("{EXT}minLength")).unwrap_or(0),
            pattern,
            format: extensions::text(json, &format!("{EXT}entryFormat")),
            origin: link.clone(),
            read_only: json["readOnly"] == true,
            hidden: extension(json, &format!("{EXT}questionnaire-hidden")).is_some_and(|e| e["valueBoolean"] == true),
            max_length: max_length(json, kind),
            min: bound(json, "minValue"),
            max: bound(json, "maxValue"),
            units: units(json),
            drop_down: match control.as_deref() {
                Some("drop-down" | "autocomplete") => true,
                Some("radio-button" | "check-box") => false,
                _ => options.len() > MAX_RADIOS,
            },
            initial: initial(json, &options),
            options,
            initial_expression: extension(json, &format!("{SDC}initialExpression"))
                .and_then(|e| e["valueExpression"]["expression"].as_str().map(str::to_owned)),
            conditions: conditions(json, &link)?,
            any: json["enableBehavior"] != "all",
            codes: json["code"].as_array().cloned().unwrap_or_default(),
            extract: [format!("{SDC}observationExtract"), format!("{SDC}observation-extract")]
                .iter()
                .any(|url| extension(json, url).is_some_and(|e| e["valueBoolean"] == true)),
            category: extension(json, &format!("{SDC}observation-extract-category"))
                .map(|e| e["valueCodeableConcept"].clone()),
            link,
            kind,
            items,
        })
    }

    fn options(&self, json: &Value, link: &str) -> Result<Vec<Choice>, FormError> {
        let mut options: Vec<Choice> = Vec::new();
        for option in json["answerOption"].as_array().into_iter().flatten() {
            let value = Answer::of(option, "value")
                .ok_or_else(|| wrong(link, "an answerOption must be a Coding, string, integer, date or time"))?;
            let label = match &value {
                Answer::Coding(coding) => coding.label().to_owned(),
                other => other.raw(),
            };
            options.push(Choice {
                key: value.raw(),
                label,
                value,
                initial: option["initialSelected"] == true,
                variable: None,
            });
        }
        if let Some(reference) = json["answerValueSet"].as_str() {
            options.extend(self.value_set(reference, link)?);
        }
        if options.len() > MAX_OPTIONS {
            return Err(FormError::Limit {
                what: "options of a question",
                limit: MAX_OPTIONS,
            });
        }
        let keys: BTreeSet<&str> = options.iter().map(|o| o.key.as_str()).collect();
        if keys.len() < options.len() {
            return Err(wrong(link, "two options have the same code"));
        }
        if options.is_empty() && json["type"] == "choice" && !extensions::computes_options(json) {
            return Err(wrong(link, "a choice needs answerOption or a contained answerValueSet"));
        }
        Ok(options)
    }

    /// Concepts of a contained value set, from its expansion or its lists.
    fn value_set(&self, reference: &str, link: &str) -> Result<Vec<Choice>, FormError> {
        let contained = self.questionnaire["contained"].as_array().into_iter().flatten();
        let id = reference.strip_prefix('#');
        let set = id.and_then(|id| contained.into_iter().find(|r| r["id"] == id));
        let set = set.ok_or_else(|| {
            wrong(
                link,
                &format!("answerValueSet '{reference}' is not contained: contain it (#id), or list answerOption"),
            )
        })?;
        let mut codings: Vec<Coding> = set["expansion"]["contains"]
            .as_array()
            .into_iter()
            .flatten()
            .map(Coding::of)
            .collect();
        if codings.is_empty() {
            for include in set["compose"]["include"].as_array().into_iter().flatten() {
                let system = include["system"].as_str().map(str::to_owned);
                let concepts = include["concept"].as_array().into_iter().flatten();
                codings.extend(concepts.map(|c| Coding {
                    system: system.clone(),
                    ..Coding::of(c)
                }));
            }
        }
        let choice = |coding: Coding| {
            let label = coding.label().to_owned();
            let value = Answer::Coding(coding);
            Choice {
                key: value.raw(),
                label,
                value,
                initial: false,
                variable: None,
            }
        };
        Ok(codings.into_iter().map(choice).collect())
    }
}

/// The pattern of an item, if it is one that can be checked; refuses what cannot repeat.
fn checked(json: &Value, kind: Kind, link: &str) -> Result<Option<String>, FormError> {
    let many = [Kind::Choice, Kind::OpenChoice, Kind::Group, Kind::Attachment];
    if json["repeats"] == true && !many.contains(&kind) {
        let message = "repeats is supported for choice, open-choice, attachment and group only: put it into a group";
        return Err(wrong(link, message));
    }
    let pattern = extensions::text(json, &format!("{EXT}regex"));
    if let Some(bad) = pattern.as_deref().filter(|text| self::pattern(text).is_none()) {
        return Err(wrong(link, &format!("the pattern '{bad}' cannot be checked")));
    }
    Ok(pattern)
}

fn kind(name: &str, link: &str) -> Result<Kind, FormError> {
    Ok(match name {
        "group" => Kind::Group,
        "display" => Kind::Display,
        "boolean" => Kind::Boolean,
        "decimal" => Kind::Decimal,
        "integer" => Kind::Integer,
        "date" => Kind::Date,
        "dateTime" => Kind::DateTime,
        "time" => Kind::Time,
        "string" => Kind::String,
        "text" => Kind::Text,
        "url" => Kind::Url,
        "choice" => Kind::Choice,
        "open-choice" => Kind::OpenChoice,
        "quantity" => Kind::Quantity,
        "attachment" => Kind::Attachment,
        other => return Err(wrong(link, &format!("type '{other}' cannot be filled in on a page"))),
    })
}

/// A pattern ready to be matched; `None` for one that is none, or is too large.
pub(super) fn pattern(text: &str) -> Option<regex::Regex> {
    regex::RegexBuilder::new(text).size_limit(1 << 20).build().ok()
}

pub(super) fn extension<'j>(json: &'j Value, url: &str) -> Option<&'j Value> {
    json["extension"].as_array()?.iter().find(|e| e["url"] == url)
}

fn control(json: &Value) -> Option<String> {
    let control = &extension(json, &format!("{EXT}questionnaire-itemControl"))?["valueCodeableConcept"];
    control["coding"][0]["code"].as_str().map(str::to_owned)
}

fn max_length(json: &Value, kind: Kind) -> usize {
    let own = json["maxLength"].as_u64().and_then(|n| usize::try_from(n).ok());
    let usual = if kind == Kind::Text { 10_000 } else { 1_000 };
    own.unwrap_or(usual).min(10_000)
}

fn bound(json: &Value, name: &str) -> Option<Bound> {
    match Answer::of(extension(json, &format!("{EXT}{name}"))?, "value")? {
        Answer::Integer(n) => Some(Bound::Number(n.into())),
        Answer::Decimal(n) | Answer::Quantity { value: n, .. } => Some(Bound::Number(n)),
        Answer::Date(day) => Some(Bound::Date(day)),
        _ => None,
    }
}

fn units(json: &Value) -> Vec<Coding> {
    let urls = [
        format!("{EXT}questionnaire-unit"),
        format!("{EXT}questionnaire-unitOption"),
    ];
    let extensions = json["extension"].as_array().into_iter().flatten();
    let mut units: Vec<Coding> = Vec::new();
    for unit in extensions
        .filter(|e| urls.iter().any(|u| e["url"] == *u))
        .map(|e| Coding::of(&e["valueCoding"]))
    {
        if !units.iter().any(|u| u.is(&unit)) {
            units.push(unit);
        }
    }
    if let Some(Answer::Quantity { unit, .. }) = Answer::of(&json["initial"][0], "value").filter(|_| units.is_empty()) {
        units.push(unit);
    }
    units
}

fn initial(json: &Value, options: &[Choice]) -> Vec<Answer> {
    let given: Vec<Answer> = json["initial"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|i| Answer::of(i, "value"))
        .collect();
    if !given.is_empty() {
        return given;
    }
    options.iter().filter(|o| o.initial).map(|o| o.value.clone()).collect()
}

fn conditions(json: &Value, link: &str) -> Result<Vec<Condition>, FormError> {
    let list = json["enableWhen"].as_array().into_iter().flatten();
    list.map(|when| {
        let operator = match when["operator"].as_str() {
            Some("exists") => Operator::Exists,
            Some("=") => Operator::Equal,
            Some("!=") => Operator::NotEqual,
            Some(">") => Operator::Greater,
            Some("<") => Operator::Less,
            Some(">=") => Operator::GreaterOrEqual,
            Some("<=") => Operator::LessOrEqual,
            other => return Err(wrong(link, &format!("enableWhen.operator {other:?} is not known"))),
        };
        let answer = Answer::of(when, "answer").ok_or_else(|| wrong(link, "enableWhen needs an answer[x]"))?;
        if operator == Operator::Exists && !matches!(answer, Answer::Boolean(_)) {
            return Err(wrong(link, "enableWhen 'exists' needs answerBoolean"));
        }
        let question = when["question"]
            .as_str()
            .ok_or_else(|| wrong(link, "enableWhen needs a question"))?;
        Ok(Condition {
            question: question.to_owned(),
            operator,
            answer,
        })
    })
    .collect()
}
