//! A timer start event is due: starts an instance and sets the next timer of the cycle, in one commit.

use crate::command::{Order, Target};
use crate::commit::Extras;
use crate::delivery::StartDelivery;
use crate::instance::Hot;
use crate::registry::Registry;
use crate::timers::{read_start_timer, start_timer};
use crate::{Orchestrator, OrchestratorError};
use bpmn::{StartEvent, StartTrigger};
use engine::{Command, Models, StartBy, StepError, Variables};
use store::{TimerRecord, TimerWrite, Transaction};

impl Orchestrator {
    pub(crate) async fn start_by_timer(
        &self,
        timer: &TimerRecord,
        remove: TimerWrite,
    ) -> Result<(), OrchestratorError> {
        let Some(cursors) = self.fence() else { return Ok(()) };
        let mut timers = vec![remove];
        let Some((key, element, schedule)) = read_start_timer(timer) else {
            return Err(OrchestratorError::Damaged(format!("timer id {}", timer.id)));
        };
        let registry = self.registry().await?;
        let newest = registry.by_key(&key).and_then(|p| registry.latest(&p.id));
        if newest.as_ref() != Some(&key) {
            // A newer version has its own timers.
            self.store
                .commit(Transaction {
                    timers,
                    ..Transaction::default()
                })
                .await?;
            return Ok(());
        }
        if let Some(next) = schedule.after(self.clock.now()) {
            timers.push(start_timer(&key, &element, &next));
        }
        if let Some(start) = self.part_of_timer(&registry, &key, &element) {
            let extras = Extras {
                timers,
                cursors,
                ..Extras::default()
            };
            return self.part_arrived(start, extras, None).await.map(|_| ());
        }
        let hot = Hot::new(self.ids.next(), key, None, None, self.clock.now());
        let command = Command::Start {
            by: StartBy::Element(element),
            variables: Variables::new(),
        };
        let mut order = Order::new("", command, "timer");
        order.target = Target::New(Box::new(hot));
        order.extras.timers = timers.clone();
        order.extras.cursors = cursors;
        match self.carry_out(order).await {
            Err(
                error
                @ (OrchestratorError::Step(StepError::CannotStart(_)) | OrchestratorError::DefinitionSuspended(_)),
            ) => {
                tracing::error!(timer = timer.id, %error, "a start timer cannot start its process");
                self.store
                    .commit(Transaction {
                        timers,
                        ..Transaction::default()
                    })
                    .await?;
                Ok(())
            }
            other => other.map(|_| ()),
        }
    }

    /// What has arrived when the timer is but a part of what starts the process.
    fn part_of_timer(&self, registry: &Registry, key: &str, element: &str) -> Option<StartDelivery> {
        let process = registry.newest_process(key.split(':').next()?)?;
        let starts = process.start_events();
        let timer = |start: &&StartEvent<'_>| matches!(start.trigger, StartTrigger::Timer(_));
        let of_element = starts.iter().filter(|start| start.element == element);
        let part = of_element.filter(timer).find_map(|start| start.part)?;
        Some(StartDelivery {
            id: self.ids.next(),
            process: process.id.clone(),
            element: element.to_owned(),
            business_key: None,
            patient: None,
            variables: Variables::new(),
            actor: "timer".into(),
            part: Some(part),
        })
    }
}
