//! Running one decision, decision service or business knowledge model.

use super::registry::Model;
use super::rewrite::{NOW, TODAY, calendar_input};
use crate::calendar::{self, Calendars, Trouble};
use crate::recursion::{Guard, TOO_DEEP};
use crate::{EvalError, Feel, Typed, moment};
use dsntk_feel::Name;
use dsntk_feel::context::FeelContext;
use dsntk_feel::values::Value;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};
use std::sync::Arc;

impl Feel {
    /// Runs a decision, decision service or business knowledge model by name with typed inputs, without a trace.
    ///
    /// # Errors
    /// [`EvalError::UnknownDecision`] when no deployed model holds it; [`EvalError::Failed`] when it cannot be run.
    pub fn invoke(&self, name: &str, inputs: &[(String, Typed)], now: Timestamp) -> Result<Typed, EvalError> {
        let models = self.models.models();
        let holds = |model: &&std::sync::Arc<Model>| {
            model
                .evaluator
                .invocables()
                .by_name(&model.namespace, &model.name, name)
                .is_some()
        };
        let model = models
            .iter()
            .find(holds)
            .ok_or_else(|| EvalError::UnknownDecision(name.to_owned()))?;
        super::super::feel::guarded(name, || {
            let mut context = FeelContext::default();
            for (input, value) in inputs {
                let value = value.to_feel().map_err(|message| failed(name, message))?;
                context.set_entry(&Name::from(input), value);
            }
            let trouble = self.bind(&mut context, now);
            let value = run(model, name, &context);
            trouble
                .take()
                .map_or_else(|| Ok(Typed::from_feel(&value)), |message| Err(failed(name, message)))
        })
    }

    /// Gives the model's copies of `now()`, `today()` and the functions on working days their values, and its functions
    /// and loops their bound. What goes wrong with a calendar is told.
    pub(crate) fn bind(&self, context: &mut FeelContext, now: Timestamp) -> Trouble {
        context.set_entry(&Name::from(TOO_DEEP), Guard::new().question());
        context.set_entry(&Name::from(NOW), moment::now(now, &self.zone));
        context.set_entry(&Name::from(TODAY), moment::today(now, &self.zone));
        let trouble = Trouble::default();
        // the model itself, or one that it imports
        if self.models.models().iter().any(|model| model.asks_for_calendars) {
            let none: Arc<dyn Calendars> = Arc::new(NoCalendars);
            let calendars = self.calendars.as_ref().unwrap_or(&none);
            calendar::bind(context, calendars, &self.zone, &trouble, calendar_input);
        }
        trouble
    }
}

/// Where nobody gave calendars: a clear error instead of a silent null.
struct NoCalendars;

const NONE: &str = "there are no business calendars here";

impl Calendars for NoCalendars {
    fn days_after(&self, _: &str, _: Date, _: i64) -> Result<Date, String> {
        Err(NONE.into())
    }

    fn days_until(&self, _: &str, _: Date, _: Date) -> Result<i64, String> {
        Err(NONE.into())
    }

    fn is_business_day(&self, _: &str, _: Date) -> Result<bool, String> {
        Err(NONE.into())
    }

    fn time_after(&self, _: &str, _: &Zoned, _: SignedDuration) -> Result<Zoned, String> {
        Err(NONE.into())
    }
}

/// The value of an invocable of a model.
pub(super) fn run(model: &Model, name: &str, context: &FeelContext) -> Value {
    model
        .evaluator
        .evaluate_invocable(&model.namespace, &model.name, name, context)
}

pub(super) fn failed(what: &str, message: impl Into<String>) -> EvalError {
    EvalError::Failed {
        expression: what.to_owned(),
        message: message.into(),
    }
}
