//! What can go wrong.

/// Why a log was not read or a model not discovered.
#[derive(Debug, thiserror::Error)]
pub enum MiningError {
    /// The bytes cannot be read or written.
    #[error("the log cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// The document is not well-formed XML.
    #[error("XES, byte {position}: {message}")]
    Xml {
        /// Offset in the uncompressed document.
        position: u64,
        /// What the parser says.
        message: String,
    },
    /// The document is XML, but not a log.
    #[error("XES, byte {position}: {message}")]
    Xes {
        /// Offset in the uncompressed document.
        position: u64,
        /// What is wrong and what XES (IEEE 1849) asks for.
        message: String,
    },
    /// A stated maximum was reached.
    #[error("{what}: more than {maximum}; split the log")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The maximum.
        maximum: usize,
    },
}
