//! What is compared and what brings records together: data, so that one program serves many registries.

use crate::{Block, How, Kind, Part};

/// Most fields of a setup: their levels are packed into 64 bits.
pub const MAX_FIELDS: usize = 20;
/// Most blocks of a setup.
pub const MAX_BLOCKS: usize = 64;

/// A field of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, for explanations.
    pub name: &'static str,
    /// How its values are compared.
    pub kind: Kind,
    /// Another field whose values people write into this one by mistake (surname and given name).
    pub exchanged_with: Option<usize>,
    /// Whether people who live together or are related have the same value: what they agree on is no sign of one person.
    pub shared: bool,
    /// Whether agreement on a rare value says more than on a frequent one.
    pub by_frequency: bool,
}

impl Field {
    /// A field compared in this way, of which rare values say more.
    pub fn new(name: &'static str, kind: Kind) -> Field {
        Field {
            name,
            kind,
            exchanged_with: None,
            shared: false,
            by_frequency: !matches!(kind, Kind::Category),
        }
    }

    /// The same field, which relatives share.
    #[must_use]
    pub fn shared(mut self) -> Field {
        self.shared = true;
        self
    }

    /// The same field, exchanged at times with another.
    #[must_use]
    pub fn exchanged_with(mut self, other: usize) -> Field {
        self.exchanged_with = Some(other);
        self
    }
}

/// Fields and blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// Fields, in the order of the values of a record.
    pub fields: Vec<Field>,
    /// Keys that bring records together; a pair is compared once, however many it shares.
    pub blocks: Vec<Block>,
}

/// What is wrong with a setup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Too few or too many.
    #[error(
        "a setup has from 1 to {MAX_FIELDS} fields and from 1 to {MAX_BLOCKS} blocks, this one {fields} and {blocks}"
    )]
    Count {
        /// Fields.
        fields: usize,
        /// Blocks.
        blocks: usize,
    },
    /// A field that does not exist.
    #[error("{place} names field {field}, but there are {fields} (the first is 0)")]
    NoField {
        /// Where it is named.
        place: String,
        /// Its number.
        field: usize,
        /// How many there are.
        fields: usize,
    },
}

impl Setup {
    /// Checks numbers of fields and blocks.
    pub fn check(&self) -> Result<(), SetupError> {
        let (fields, blocks) = (self.fields.len(), self.blocks.len());
        if fields == 0 || fields > MAX_FIELDS || blocks == 0 || blocks > MAX_BLOCKS {
            return Err(SetupError::Count { fields, blocks });
        }
        let of_blocks = self.blocks.iter().enumerate().flat_map(|(at, block)| {
            let parts = block.parts.iter();
            parts.map(move |part| (format!("block {at}"), part.field))
        });
        let of_fields = self
            .fields
            .iter()
            .filter_map(|field| Some((format!("field {}", field.name), field.exchanged_with?)));
        match of_blocks.chain(of_fields).find(|(_, field)| *field >= fields) {
            Some((place, field)) => Err(SetupError::NoField { place, field, fields }),
            None => Ok(()),
        }
    }
}

/// The setup for the persons of an Italian registry: surname, given names, sex, date of birth, place of birth, codice fiscale
/// (without omocodia), municipality of residence, street, house number, telephone.
pub fn persons() -> Setup {
    const SURNAME: usize = 0;
    const GIVEN: usize = 1;
    const BIRTH: usize = 3;
    const CODE: usize = 5;
    const TOWN: usize = 6;
    const STREET: usize = 7;
    const NUMBER: usize = 8;
    const PHONE: usize = 9;
    let whole = |field| Part { field, how: How::Whole };
    let sound = |field| Part { field, how: How::Sound };
    let start = |field, count| Part {
        field,
        how: How::Start(count),
    };
    Setup {
        fields: vec![
            Field::new("surname", Kind::Name).exchanged_with(GIVEN).shared(),
            Field::new("given", Kind::Name).exchanged_with(SURNAME),
            Field::new("sex", Kind::Category),
            Field::new("birth", Kind::Date),
            Field::new("birth-place", Kind::Text).shared(),
            Field::new("code", Kind::Code),
            Field::new("town", Kind::Text).shared(),
            Field::new("street", Kind::Text).shared(),
            Field::new("number", Kind::Number).shared(),
            Field::new("phone", Kind::Code).shared(),
        ],
        blocks: vec![
            Block::of(vec![sound(SURNAME), sound(GIVEN), start(BIRTH, 4)]),
            Block::of(vec![sound(SURNAME), start(BIRTH, 6)]),
            Block::of(vec![sound(SURNAME), whole(TOWN), whole(STREET)]),
            Block::training(vec![whole(CODE)]),
            Block::training(vec![whole(SURNAME), whole(GIVEN), whole(BIRTH)]),
            Block::of(vec![whole(BIRTH), sound(SURNAME)]),
            Block::of(vec![whole(BIRTH), sound(GIVEN)]),
            Block::of(vec![
                Part {
                    field: SURNAME,
                    how: How::WithExchanged,
                },
                start(BIRTH, 4),
            ]),
            Block::of(vec![
                sound(SURNAME),
                sound(GIVEN),
                Part {
                    field: BIRTH,
                    how: How::End(4),
                },
            ]),
            Block::of(vec![sound(SURNAME), sound(GIVEN), whole(STREET)]),
            Block::of(vec![start(CODE, 11)]),
            Block::of(vec![Part {
                field: CODE,
                how: How::End(10),
            }]),
            Block::of(vec![whole(PHONE), sound(GIVEN)]),
            Block::of(vec![whole(BIRTH), whole(TOWN), whole(STREET), whole(NUMBER)]),
        ],
    }
}
