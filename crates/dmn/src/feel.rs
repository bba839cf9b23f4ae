//! The evaluator.

use crate::cache::Cache;
use crate::calendar::{self, Calendars, Trouble};
use crate::model::Registry;
use crate::prepare::{Prepared, prepare, shortened, validate};
use crate::recursion::{Guard, MAX_ROUNDS, Stopped, TOO_DEEP};
use crate::words::{first_word, is_long};
use crate::{Decided, EvalError, Evaluator, Variables, moment, value};
use dsntk_feel::context::FeelContext;
use dsntk_feel::{FeelScope, Name};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Most prepared expressions kept.
const MAX_PREPARED: usize = 8_192;

/// FEEL expressions and DMN decisions. Share one among threads: prepared expressions are kept.
pub struct Feel {
    prepared: Cache<Prepared>,
    pub(crate) models: Registry,
    pub(crate) zone: TimeZone,
    pub(crate) calendars: Option<Arc<dyn Calendars>>,
}

impl Default for Feel {
    fn default() -> Self {
        Self::new()
    }
}

impl Feel {
    /// An evaluator whose `today()` and `now()` speak Italian civil time.
    #[must_use]
    pub fn new() -> Self {
        Self::with_zone(moment::italy())
    }

    /// An evaluator whose `today()` and `now()` speak the civil time of a zone.
    #[must_use]
    pub fn with_zone(zone: TimeZone) -> Self {
        Self {
            prepared: Cache::new(MAX_PREPARED),
            models: Registry::default(),
            zone,
            calendars: None,
        }
    }

    /// Gives expressions and decisions the functions on working days; without this what asks for them fails.
    #[must_use]
    pub fn with_calendars(mut self, calendars: Arc<dyn Calendars>) -> Self {
        self.calendars = Some(calendars);
        self
    }

    /// Whether a text is a FEEL expression that may run: for the checks of a process model before it is deployed.
    ///
    /// # Errors
    /// [`EvalError::Syntax`] for what is not FEEL, is too long or too deep, calls a function that does not exist,
    /// recurses or leaves the process (external functions).
    pub fn validate_expression(&self, expression: &str) -> Result<(), EvalError> {
        validate(expression)
    }

    /// How many prepared expressions are kept now.
    #[must_use]
    pub fn prepared(&self) -> usize {
        self.prepared.len()
    }

    fn run(&self, expression: &str, context: &Variables, now: Timestamp) -> Result<Value, EvalError> {
        let failed = |message: String| EvalError::Failed {
            expression: shortened(expression),
            message,
        };
        let mut long_names = vec![];
        // Only the variables that the text speaks of are converted: an instance may carry whole clinical records.
        let wanted = |name: &str| expression.contains(if is_long(name) { first_word(name) } else { name });
        let variables = value::context(context, wanted, &mut long_names).map_err(failed)?;
        long_names.retain(|name| wanted(name));
        let prepared = if long_names.is_empty() {
            self.prepared.get_or_try(expression, || prepare(expression, &[]))?
        } else {
            long_names.sort_unstable();
            long_names.dedup();
            let key = format!("{expression}\u{0}{}", long_names.join("\u{0}"));
            self.prepared.get_or_try(&key, || prepare(expression, &long_names))?
        };
        let guard = Guard::new();
        let mut below = FeelContext::default();
        if prepared.needs_moment {
            below = moment::functions(now, &self.zone);
        }
        if prepared.needs_guard {
            below.set_entry(&Name::from(TOO_DEEP), guard.question());
        }
        let trouble = Trouble::default();
        if prepared.needs_calendars
            && let Some(calendars) = &self.calendars
        {
            calendar::bind(&mut below, calendars, &self.zone, &trouble, str::to_owned);
        }
        let scope = FeelScope::from(below);
        scope.push(variables);
        let result = prepared.run(&scope);
        if let Some(message) = trouble.take() {
            return Err(failed(message));
        }
        value::to_json(&result).map_err(failed)
    }
}

impl Evaluator for Feel {
    fn evaluate(&self, expression: &str, context: &Variables, now: Timestamp) -> Result<Value, EvalError> {
        guarded(expression, || self.run(expression, context, now))
    }

    fn decide(&self, decision: &str, context: &Variables, now: Timestamp) -> Result<Decided, EvalError> {
        guarded(decision, || self.take(decision, context, now))
    }
}

/// Runs an evaluation; a panic of the FEEL library (it has a few, on absurd numbers) is an error of that expression.
pub(crate) fn guarded<T>(what: &str, run: impl FnOnce() -> Result<T, EvalError>) -> Result<T, EvalError> {
    // Nothing that outlives the evaluation is changed by it but the cache, which is changed under its own lock.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|cause| {
        let message = if cause.is::<Stopped>() {
            format!(
                "it was stopped: its functions call themselves too deeply or its loops run more than {MAX_ROUNDS} rounds; \
                 give the recursion an end, or loop over less"
            )
        } else {
            "the evaluation stopped on a value that the FEEL library cannot handle".to_owned()
        };
        Err(EvalError::Failed {
            expression: shortened(what),
            message,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: &str = "2026-03-29T22:30:00.250Z";

    fn eval(expression: &str, context: Value) -> Result<Value, EvalError> {
        let Value::Object(context) = context else {
            panic!("the context is an object")
        };
        Feel::new().evaluate(expression, &context, NOW.parse().unwrap())
    }

    fn gives(expression: &str, context: Value, expected: Value) {
        assert_eq!(eval(expression, context), Ok(expected), "{expression}");
    }

    #[test]
    fn conditions_on_variables() {
        gives("hba1c > 7", json!({"hba1c": 7.1}), json!(true));
        gives("hba1c > 7", json!({"hba1c": 6.9}), json!(false));
        gives("hba1c > 7", json!({}), json!(null));
        gives("hba1c in [6.5..8)", json!({"hba1c": 8}), json!(false));
        gives("a-b", json!({"a": 3, "b": 1}), json!(2));
        gives(
            "paziente.eta >= 18 and paziente.sesso = \"F\"",
            json!({"paziente": {"eta": 40, "sesso": "F"}}),
            json!(true),
        );
    }

    #[test]
    fn a_missing_variable_is_null_and_never_changes_how_the_text_reads() {
        gives("consenso and arruolato", json!({"arruolato": false}), json!(false));
        gives("if consenso then x else y - 1", json!({"y": 3}), json!(2));
        gives("manca.ancora = null", json!({}), json!(true));
        gives("manca-1", json!({}), json!(null));
    }

    #[test]
    fn italian_names_and_texts() {
        gives("età del paziente > 65", json!({"età del paziente": 70}), json!(true));
        gives("hba1c-media * 2", json!({"hba1c-media": 7.25}), json!(14.5));
        gives(
            "\"È così: \" + città",
            json!({"città": "Forlì"}),
            json!("È così: Forlì"),
        );
        gives(
            "paziente.data di nascita",
            json!({"paziente": {"data di nascita": "1960-01-02"}}),
            json!("1960-01-02"),
        );
    }

    #[test]
    fn keys_that_the_text_does_not_speak_of_do_not_fill_the_cache() {
        let feel = Feel::new();
        for index in 0..100 {
            let context = json!({"esami": {format!("urn:uuid:{index}"): 1, "altro nome": 2}, "x-y": 3});
            let Value::Object(context) = context else {
                panic!("an object")
            };
            let value = feel.evaluate(
                "count(get entries(esami)) + esami.altro nome",
                &context,
                Timestamp::UNIX_EPOCH,
            );
            assert_eq!(value, Ok(json!(4)));
        }
        assert_eq!(feel.prepared(), 1);
    }

    #[test]
    fn a_variable_named_like_the_start_of_a_function_does_not_hide_it() {
        gives(
            "string length(string) + count(list)",
            json!({"string": "però", "list": [1, 2]}),
            json!(6),
        );
        gives("list contains(list, 2)", json!({"list": [1, 2]}), json!(true));
    }

    #[test]
    fn numbers_are_decimal_and_exact() {
        gives("0.1 + 0.2", json!({}), json!(0.3));
        let long: Value = serde_json::from_str("12345678901234567890.123456789").unwrap();
        gives("x", json!({"x": long}), long.clone());
        gives("5.00 * 2", json!({}), json!(10));
        assert_eq!(eval("10 ** 300", json!({})).unwrap().as_f64(), Some(1e300));
    }

    #[test]
    fn dates_come_out_as_iso_text() {
        gives(
            "date(nascita) + duration(\"P18Y\")",
            json!({"nascita": "1990-05-06"}),
            json!("2008-05-06"),
        );
        gives(
            "date and time(\"2026-07-01T10:00:00@Europe/Rome\")",
            json!({}),
            json!("2026-07-01T10:00:00+02:00"),
        );
        gives("date(\"2026-03-01\") - date(\"2026-02-01\")", json!({}), json!("P28D"));
        gives(
            "years and months duration(date(\"2020-01-01\"), date(\"2026-03-01\"))",
            json!({}),
            json!("P6Y2M"),
        );
        gives("time(\"10:30:00\")", json!({}), json!("10:30:00"));
    }

    #[test]
    fn now_and_today_are_the_given_moment_in_italian_civil_time() {
        gives("today()", json!({}), json!("2026-03-30"));
        gives("now()", json!({}), json!("2026-03-30T00:30:00.25+02:00"));
        gives(
            "(today() - date(visita)).days > 180",
            json!({"visita": "2025-09-01"}),
            json!(true),
        );
    }

    #[test]
    fn what_is_not_feel_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "empty"),
            ("hba1c >", "check brackets"),
            ("sommma([1,2])", "no function 'sommma'"),
            (
                "function(x) external {java: {class: \"a\", method signature: \"b(int)\"}}",
                "external",
            ),
            (&"(".repeat(500), "brackets"),
            (&format!("1{}", " + 1".repeat(2000)), "nests more than"),
            (&"x".repeat(20_000), "20000 characters"),
        ] {
            let Err(EvalError::Syntax { message, .. }) = Feel::new().validate_expression(text) else {
                panic!("accepted: {text}")
            };
            assert!(message.contains(reason), "{text}: {message}");
        }
        assert!(matches!(eval("1 +", json!({})), Err(EvalError::Syntax { .. })));
    }

    #[test]
    fn what_is_feel_is_accepted_without_knowing_the_variables() {
        for text in [
            "età del paziente > 65 and not(fumatore)",
            "for esame in esami return esame.valore",
            "some e in esami satisfies e.valore > soglia",
            "{f: function(x) x * 2, y: f(3)}.y",
            "if a then b else c",
            "x instance of number",
            "date and time(\"2026-01-01T00:00:00\") < now()",
            &format!("1{}", " + 1".repeat(150)),
        ] {
            Feel::new()
                .validate_expression(text)
                .unwrap_or_else(|error| panic!("{error}"));
        }
    }

    #[test]
    fn a_function_is_not_a_value() {
        let error = eval("count", json!({})).unwrap_err();
        assert!(error.to_string().contains("is a function"), "{error}");
    }

    #[test]
    fn the_deepest_allowed_expression_runs_on_a_small_stack() {
        let run = || {
            let text = format!("{}1{}", "(".repeat(90), " + 1)".repeat(90));
            eval(&text, json!({})).unwrap();
            eval(&format!("1{}", " + 1".repeat(190)), json!({})).unwrap()
        };
        let value = std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(run)
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(value, json!(191));
    }

    #[test]
    fn recursion_works_and_is_bounded() {
        gives(
            "{f: function(n) if n < 2 then 1 else n * f(n - 1), y: f(10)}.y",
            json!({}),
            json!(3_628_800),
        );
        let run = || {
            let endless = [
                "{f: function(x) f(x + 1), y: f(1)}.y".to_owned(),
                "{f: function(x) g(x), g: function(x) f(x), y: f(1)}.y".to_owned(),
                "{w: function(f) f(f), y: w(w)}.y".to_owned(),
                format!("{{f: function(x) 1 {} + f(x), y: f(1)}}.y", "+ 1 ".repeat(180)),
                "{f: function(x) if x < 1 then 1 else f(x - 1) + f(x - 1), y: f(40)}.y".to_owned(),
            ];
            for text in endless {
                let error = eval(&text, json!({})).unwrap_err().to_string();
                assert!(error.contains("too deeply"), "{text}: {error}");
            }
        };
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(run)
            .unwrap()
            .join()
            .unwrap();
    }

    #[test]
    fn prepared_expressions_are_bounded() {
        let feel = Feel::new();
        for index in 0..MAX_PREPARED + 100 {
            feel.evaluate(&format!("{index}"), &Variables::new(), Timestamp::UNIX_EPOCH)
                .unwrap();
        }
        assert!(feel.prepared() <= MAX_PREPARED);
    }

    #[test]
    fn a_loop_without_an_end_is_stopped_and_says_so() {
        for endless in [
            "for i in 1..1000000000 return i",
            "count(for a in 1..100000, b in 1..100000 return a*b)",
            "for i in 1..n return i",
        ] {
            let error = eval(endless, json!({"n": 1_000_000_000})).unwrap_err().to_string();
            assert!(error.contains("rounds"), "{error}");
        }
        assert_eq!(
            eval("sum(for i in 1..1000 return i)", json!({})).unwrap(),
            json!(500_500)
        );
    }
}
