//! Expressions that are evaluated here, without the engine underneath.

use super::item::Item;

/// An expression.
#[derive(Debug)]
pub(super) enum Expr {
    /// `$this`, or the start of a path.
    This,
    /// `%resource`, `%rootResource`.
    Resource,
    /// `%rowIndex`.
    RowIndex,
    /// `$index`.
    Index,
    /// A literal or constant.
    Literal(Item<'static>),
    /// `{}`.
    Nothing,
    Member(Box<Expr>, String),
    /// `[n]`.
    At(Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Binary(Op, Box<Expr>, Box<Expr>),
    /// `is`; `true`: a type of FHIRPath itself.
    Is(Box<Expr>, String, bool),
    /// `as` and `ofType`.
    OfType(Box<Expr>, String),
    Call(Box<Expr>, Function),
}

/// Operators between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Div,
    Mod,
    Concatenate,
    Union,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Contains,
    And,
    Or,
    Xor,
    Implies,
}

/// Functions with their arguments.
#[derive(Debug)]
pub(super) enum Function {
    Where(Box<Expr>),
    Select(Box<Expr>),
    All(Box<Expr>),
    Exists(Option<Box<Expr>>),
    Empty,
    Not,
    First,
    Last,
    Tail,
    Skip(Box<Expr>),
    Take(Box<Expr>),
    Single,
    Count,
    Distinct,
    Iif(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    Extension(Box<Expr>),
    HasValue,
    GetValue,
    Join(Option<Box<Expr>>),
    LowBoundary,
    HighBoundary,
    ResourceKey,
    ReferenceKey(Option<String>),
    StartsWith(Box<Expr>),
    EndsWith(Box<Expr>),
    Contains(Box<Expr>),
    IndexOf(Box<Expr>),
    Substring(Box<Expr>, Option<Box<Expr>>),
    Replace(Box<Expr>, Box<Expr>),
    Upper,
    Lower,
    Trim,
    Length,
    ToText,
}
