//! Why somebody may or may not.

use crate::{About, Policies, Question};

/// An answer with everything that made it.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Whether it may be done.
    pub permit: bool,
    /// The policies that decided: those that forbid, else those that permit; none when nothing permits.
    pub because: Vec<About>,
    /// When it may not be done: policies that would permit it with one more tie to the patient, and that tie.
    pub would_permit: Vec<(crate::Relation, About)>,
}

impl Policies {
    /// Decides and says why.
    pub fn explain(&self, question: &Question<'_>) -> Explanation {
        let (permit, ids) = self.determining(question);
        let because = ids.iter().filter_map(|id| self.about(id)).cloned().collect();
        let mut would_permit = Vec::new();
        if !permit && question.about_patient {
            for relation in crate::Relation::ALL {
                if question.relations.has(*relation) {
                    continue;
                }
                let other = Question {
                    relations: question.relations.with(*relation),
                    ..*question
                };
                let (permit, ids) = self.determining(&other);
                if permit && let Some(about) = ids.iter().filter_map(|id| self.about(id)).min_by_key(|a| a.id.clone()) {
                    would_permit.push((*relation, about.clone()));
                }
            }
        }
        Explanation {
            permit,
            because,
            would_permit,
        }
    }
}
