//! Running one decision, decision service or business knowledge model.

use super::registry::Model;
use super::rewrite::{NOW, TODAY};
use crate::recursion::{Guard, TOO_DEEP};
use crate::{EvalError, Feel, Typed, moment};
use dsntk_feel::Name;
use dsntk_feel::context::FeelContext;
use dsntk_feel::values::Value;
use jiff::Timestamp;

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
            self.bind(&mut context, now);
            let value = run(model, name, &context);
            Ok(Typed::from_feel(&value))
        })
    }

    /// Gives the model's copies of `now()` and `today()` their values, and its functions and loops their bound.
    pub(crate) fn bind(&self, context: &mut FeelContext, now: Timestamp) {
        context.set_entry(&Name::from(TOO_DEEP), Guard::new().question());
        context.set_entry(&Name::from(NOW), moment::now(now, &self.zone));
        context.set_entry(&Name::from(TODAY), moment::today(now, &self.zone));
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
