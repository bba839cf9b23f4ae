//! What ties an actor to a patient.

use serde::{Deserialize, Serialize};

macro_rules! relations {
    ($($(#[$doc:meta])* $name:ident = $bit:literal $text:literal;)*) => {
        /// One tie.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Relation {
            $($(#[$doc])* $name,)*
        }

        impl Relation {
            /// Every tie.
            pub const ALL: &'static [Relation] = &[$(Relation::$name,)*];

            /// Its name in policies.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            fn bit(self) -> u16 {
                match self { $(Self::$name => 1 << $bit,)* }
            }
        }
    };
}

relations! {
    /// The data is about the actor.
    Myself = 0 "self";
    /// The actor represents the patient: parent, guardian, delegate.
    Delegate = 1 "delegate";
    /// The patient chose this general practitioner or paediatrician (or whom they substitute).
    Gp = 2 "gp";
    /// The unit the actor works for treats the patient.
    Unit = 3 "unit";
    /// The actor is of the patient's care team, or manages the episode.
    Team = 4 "team";
    /// The actor has a step of the patient's pathway in hand, and the step declares this kind of data.
    Work = 5 "work";
    /// The patient consented to this actor or organization.
    Consent = 6 "consent";
    /// An emergency access is open.
    Emergency = 7 "emergency";
    /// The patient is in the context of the application.
    App = 8 "app";
    /// The patient refused this actor or organization.
    Refused = 9 "refused";
    /// The patient's data is restricted: kept, and not used (GDPR 18).
    Restricted = 10 "restricted";
    /// The patient refused that who treats them consults the record.
    NotConsulted = 11 "not-consulted";
    /// The patient objected to secondary use.
    SecondaryRefused = 12 "secondary-refused";
    /// The patient consented to research by this organization.
    Research = 13 "research";
    /// The fact is about the actor as a member of staff: the own assignment, the own codice fiscale in the staff registry.
    /// No tie to a patient; it is there for facts in nobody's compartment.
    Own = 14 "own";
}

/// A set of ties.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relations(u16);

impl Relations {
    /// No tie.
    pub const NONE: Self = Self(0);

    /// With one more.
    #[must_use]
    pub fn with(self, relation: Relation) -> Self {
        Self(self.0 | relation.bit())
    }

    /// Without one.
    #[must_use]
    pub fn without(self, relation: Relation) -> Self {
        Self(self.0 & !relation.bit())
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it holds.
    pub fn has(self, relation: Relation) -> bool {
        self.0 & relation.bit() != 0
    }

    /// As a number, for keys of tables.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each.
    pub fn iter(self) -> impl Iterator<Item = Relation> {
        Relation::ALL
            .iter()
            .copied()
            .filter(move |relation| self.has(*relation))
    }
}

impl FromIterator<Relation> for Relations {
    fn from_iter<T: IntoIterator<Item = Relation>>(iter: T) -> Self {
        iter.into_iter().fold(Self::NONE, Self::with)
    }
}
