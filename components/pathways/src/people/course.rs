//! The clinical course of one person with type 2 diabetes: invented, plausible, for the demo only.

use jiff::civil::Date;
use rand::Rng;

/// How well the disease answers to care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Reaches the target.
    Good,
    /// Just above it.
    Fair,
    /// Far from it.
    Poor,
}

/// Retina; the codes of the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eye {
    /// No retinopathy.
    None,
    /// Non-proliferative.
    Mild,
    /// Proliferative.
    Severe,
}

impl Eye {
    /// Code in forms and decisions.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "assente",
            Self::Mild => "non-proliferante",
            Self::Severe => "proliferante",
        }
    }
}

/// Foot risk; the codes of the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foot {
    /// Nothing found.
    Low,
    /// Loss of sensation.
    Moderate,
    /// With deformity or arterial disease.
    High,
    /// Ulcer.
    Ulcer,
}

impl Foot {
    /// Code in forms and decisions.
    pub fn code(self) -> &'static str {
        match self {
            Self::Low => "rischio-0",
            Self::Moderate => "rischio-1",
            Self::High => "rischio-2",
            Self::Ulcer => "ulcera",
        }
    }
}

/// Insulin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insulin {
    /// None.
    None,
    /// Basal.
    Basal,
    /// Several injections a day.
    Multiple,
}

impl Insulin {
    /// Code in forms and decisions.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "nessuna",
            Self::Basal => "basale",
            Self::Multiple => "multiiniettiva",
        }
    }
}

/// What the person takes for diabetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Therapy {
    /// Insulin.
    pub insulin: Insulin,
    /// Metformin.
    pub metformin: bool,
    /// SGLT2 inhibitor or GLP-1 receptor agonist.
    pub protective: bool,
    /// Sulfonylurea or glinide.
    pub secretagogue: bool,
}

/// The disease of one person.
#[derive(Debug, Clone)]
pub struct Course {
    /// When diabetes began.
    pub onset: Date,
    /// HbA1c before the pathway, mmol/mol.
    pub start_hba1c: f64,
    /// Answer to care.
    pub control: Control,
    /// eGFR now, mL/min/1.73 m2.
    pub egfr: f64,
    /// Urinary albumin/creatinine, mg/g.
    pub acr: f64,
    /// Retina.
    pub eye: Eye,
    /// Foot.
    pub foot: Foot,
    /// Known cardiovascular disease.
    pub cardiovascular: bool,
    /// Heart failure.
    pub heart_failure: bool,
    /// Frail or with short life expectancy.
    pub frail: bool,
    /// Severe hypoglycaemia in the last year.
    pub hypoglycaemia: bool,
    /// Therapy at the beginning.
    pub therapy: Therapy,
}

impl Course {
    /// HbA1c (mmol/mol, whole) at `at`, for someone in the pathway since `managed`, if at all: it falls from where it
    /// was towards where this person's control leads, two thirds of the way in six months.
    pub fn hba1c(&self, at: Date, managed: Option<Date>, rng: &mut impl Rng) -> u32 {
        let plateau = match self.control {
            Control::Good => 48.0,
            Control::Fair => 55.0,
            Control::Poor => 67.0,
        };
        let months = managed
            .map_or(0.0, |from| f64::from((at - from).get_days()) / 30.4)
            .max(0.0);
        let value = plateau + (self.start_hba1c - plateau) * (-months / 5.5_f64).exp();
        (value + rng.random_range(-2.5..2.5)).round().clamp(38.0, 130.0) as u32
    }

    /// eGFR at `at`, losing about one a year after `now`, gaining before.
    pub fn egfr_at(&self, at: Date, now: Date, rng: &mut impl Rng) -> f64 {
        let years = f64::from((now - at).get_days()) / 365.25;
        (self.egfr + years * 1.2 + rng.random_range(-2.0..2.0))
            .clamp(12.0, 120.0)
            .round()
    }

    /// Urinary albumin/creatinine with its usual scatter.
    pub fn acr_at(&self, rng: &mut impl Rng) -> f64 {
        (self.acr * rng.random_range(0.85..1.15)).round().max(2.0)
    }
}
