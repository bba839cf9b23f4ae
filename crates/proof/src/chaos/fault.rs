//! The faults, and how one is drawn.

use crate::kill::Dice;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// SIGKILL to a node, which is started again some time later.
    NodeKilled,
    /// SIGSTOP to a node, then SIGCONT.
    NodeStopped,
    /// A node's wall clock jumps ahead, and back again.
    ClockAhead,
    /// A node's wall clock jumps back, and ahead again.
    ClockBehind,
    /// Every flush to disk takes long: of PostgreSQL, or of the node that has the file.
    SlowFlush,
    /// The disk that the data are on is full to the last byte.
    DiskFull,
    /// SIGKILL to PostgreSQL's first process, which is started again some time later.
    DatabaseKilled,
    /// SIGKILL to a PostgreSQL process that serves a connection.
    BackendKilled,
    /// SIGSTOP to all of PostgreSQL's processes, then SIGCONT.
    DatabaseStopped,
    /// The cable between a node and the database is pulled, and put in again.
    Cut,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NodeKilled,
        Self::NodeStopped,
        Self::ClockAhead,
        Self::ClockBehind,
        Self::SlowFlush,
        Self::DiskFull,
        Self::DatabaseKilled,
        Self::BackendKilled,
        Self::DatabaseStopped,
        Self::Cut,
    ];

    /// Its name, as reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NodeKilled => "node killed",
            Self::NodeStopped => "node stopped",
            Self::ClockAhead => "clock ahead",
            Self::ClockBehind => "clock behind",
            Self::SlowFlush => "slow flush",
            Self::DiskFull => "disk full",
            Self::DatabaseKilled => "database killed",
            Self::BackendKilled => "backend killed",
            Self::DatabaseStopped => "database stopped",
            Self::Cut => "network cut",
        }
    }

    /// Whether it needs PostgreSQL.
    pub fn needs_database(self) -> bool {
        matches!(
            self,
            Self::DatabaseKilled | Self::BackendKilled | Self::DatabaseStopped | Self::Cut
        )
    }

    /// Whether it needs a disk and cables of our own.
    pub fn needs_ground(self) -> bool {
        matches!(self, Self::DiskFull | Self::Cut)
    }
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// To which node.
    pub node: usize,
    /// How long it lasts, in milliseconds.
    pub lasts_ms: u64,
    /// How much: seconds that a clock jumps, milliseconds that a flush takes, which backend.
    pub size: u64,
    /// How long after the last one, in milliseconds.
    pub pause_ms: u64,
}

/// Longest jump of a clock, in seconds: almost a day, so that days and leases change.
pub const LONGEST_JUMP_S: u64 = 22 * 3_600;

impl Fault {
    /// Draws one of these kinds.
    pub(super) fn draw(dice: &mut Dice, kinds: &[Kind], nodes: usize) -> Self {
        let kind = kinds[dice.below(kinds.len() as u64) as usize];
        // Most are short; one of five outlasts the terms of duties, the locks of jobs and the patience of clients.
        let lasts_ms = match dice.below(5) {
            0 => 6_000 + dice.below(9_000),
            _ => 100 + dice.below(2_900),
        };
        let size = match kind {
            Kind::ClockAhead | Kind::ClockBehind => match dice.below(3) {
                0 => 1 + dice.below(60),
                1 => 60 + dice.below(7_200),
                _ => 7_200 + dice.below(LONGEST_JUMP_S - 7_200),
            },
            Kind::SlowFlush => 20 + dice.below(480),
            _ => dice.below(1 << 20),
        };
        Self {
            kind,
            node: dice.below(nodes as u64) as usize,
            lasts_ms,
            size,
            pause_ms: dice.below(800),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = match self.kind {
            Kind::ClockAhead | Kind::ClockBehind => format!(" by {} s, node {}", self.size, self.node),
            Kind::SlowFlush => format!(" by {} ms", self.size),
            Kind::NodeKilled | Kind::NodeStopped | Kind::Cut => format!(", node {}", self.node),
            _ => String::new(),
        };
        write!(f, "{}{of}, for {} ms", self.kind.name(), self.lasts_ms)
    }
}
