//! How models are drawn.

use super::graph::graph;
use super::model::{
    Act, Block, Boundary, Branch, End, EventSub, Gate, Level, Model, Repeat, Start, SubKind, Throw, Timer, Trigger,
    Work,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// A whole file.
pub fn model() -> impl Strategy<Value = Model> {
    let start = prop_oneof![
        6 => Just(Start::None),
        1 => Just(Start::Message),
        1 => Just(Start::Receive),
        1 => any::<bool>().prop_map(Start::Gateway),
    ];
    let beside = prop_oneof![1 => Just(0), 1 => any::<u64>()];
    (start, level(4, 30), level(2, 6), level(2, 6), beside).prop_map(|(start, main, one, other, beside)| Model {
        start,
        main,
        called: vec![one, other],
        beside,
    })
}

fn timer() -> impl Strategy<Value = Timer> {
    prop_oneof![
        3 => (1u8..9).prop_map(Timer::Minutes),
        1 => (1u8..4).prop_map(Timer::Cycle),
        1 => Just(Timer::Endless),
        1 => Just(Timer::Date),
    ]
}

/// What an intermediate event can wait for.
fn awaited() -> impl Strategy<Value = Trigger> {
    prop_oneof![
        2 => timer().prop_map(Trigger::Timer),
        2 => (0u8..2).prop_map(Trigger::Message),
        2 => (0u8..2).prop_map(Trigger::Signal),
        1 => (0u8..4).prop_map(Trigger::Condition),
    ]
}

/// What a boundary event or an event sub-process can wait for.
fn attached() -> impl Strategy<Value = Trigger> {
    prop_oneof![
        6 => awaited(),
        2 => (0u8..3).prop_map(Trigger::Error),
        2 => (0u8..3).prop_map(Trigger::Escalation),
        1 => Just(Trigger::Cancel),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        8 => Just(End::None),
        1 => Just(End::Terminate),
        2 => (0u8..3).prop_map(End::Error),
        1 => (0u8..3).prop_map(End::Escalation),
        1 => (0u8..2).prop_map(End::Signal),
        1 => (0u8..2).prop_map(End::Message),
        1 => Just(End::Compensation),
        2 => Just(End::Cancel),
    ]
}

fn throw() -> impl Strategy<Value = Throw> {
    prop_oneof![
        Just(Throw::None),
        (0u8..2).prop_map(Throw::Message),
        (0u8..2).prop_map(Throw::Signal),
        (0u8..3).prop_map(Throw::Escalation),
        any::<bool>().prop_map(Throw::Compensation),
        Just(Throw::Compensation(true)),
    ]
}

fn repeat() -> impl Strategy<Value = Repeat> {
    prop_oneof![
        8 => Just(Repeat::Once),
        1 => (any::<bool>(), 0u8..4).prop_map(|(before, most)| Repeat::Standard(before, most)),
        3 => (any::<bool>(), 0u8..5, any::<bool>(), any::<bool>())
            .prop_map(|(sequential, count, ends, out)| Repeat::Multi(sequential, count, ends, out)),
    ]
}

fn small_work() -> BoxedStrategy<Work> {
    prop_oneof![
        2 => Just(Work::Pass),
        5 => Just(Work::Job),
        4 => Just(Work::User),
        1 => Just(Work::Manual),
        1 => (0u8..6).prop_map(Work::Script),
        1 => (0u8..2).prop_map(Work::Send),
        2 => (0u8..2).prop_map(Work::Receive),
        1 => Just(Work::Rule),
        1 => (0u8..3).prop_map(Work::Call),
    ]
    .boxed()
}

fn undo() -> impl Strategy<Value = Option<Work>> {
    prop_oneof![4 => Just(None), 1 => prop_oneof![3 => Just(Work::User), 1 => Just(Work::Job), 1 => Just(Work::Pass)].prop_map(Some)]
}

fn boundary(inner: BoxedStrategy<Vec<Block>>) -> impl Strategy<Value = Boundary> {
    let triggers = prop_oneof![
        5 => attached().prop_map(|one| vec![one]),
        1 => vec(awaited(), 2..4),
    ];
    let versions = prop_oneof![6 => Just(3u8), 1 => Just(1u8), 1 => Just(2u8)];
    (triggers, any::<(bool, bool, bool)>(), inner, versions).prop_map(
        |(triggers, (all, interrupting, merges), then, versions)| Boundary {
            triggers,
            all,
            interrupting,
            then,
            merges,
            versions,
        },
    )
}

fn act(work: BoxedStrategy<Work>, inner: BoxedStrategy<Vec<Block>>) -> impl Strategy<Value = Act> {
    let on = prop_oneof![3 => Just(Vec::new()), 2 => vec(boundary(inner), 1..3)];
    (work, repeat(), on, prop::bool::weighted(0.2), undo()).prop_map(|(work, repeat, on, io, undo)| Act {
        work,
        repeat,
        on,
        io,
        undo,
    })
}

fn leaf() -> BoxedStrategy<Block> {
    let none = Just(Vec::new()).boxed();
    prop_oneof![
        8 => act(small_work(), none).prop_map(Block::Act),
        2 => (prop_oneof![3 => vec(awaited(), 1..2), 1 => vec(awaited(), 2..4)], any::<bool>())
            .prop_map(|(triggers, all)| Block::Catch(triggers, all)),
        2 => throw().prop_map(Block::Throw),
        1 => Just(Block::Link),
        1 => graph(6).prop_map(Block::Graph),
    ]
    .boxed()
}

fn event_sub(inner: BoxedStrategy<Vec<Block>>) -> impl Strategy<Value = EventSub> {
    let trigger = prop_oneof![8 => attached(), 1 => Just(Trigger::Compensation)];
    let versions = prop_oneof![6 => Just(3u8), 1 => Just(1u8), 1 => Just(2u8)];
    (trigger, any::<bool>(), inner, end(), versions).prop_map(|(trigger, interrupting, blocks, end, versions)| {
        EventSub {
            trigger,
            interrupting,
            level: Level {
                blocks,
                end,
                subs: Vec::new(),
            },
            versions,
        }
    })
}

fn levels(blocks: BoxedStrategy<Vec<Block>>) -> impl Strategy<Value = Level> {
    let subs = prop_oneof![4 => Just(Vec::new()), 1 => vec(event_sub(blocks.clone()), 1..3)];
    (blocks, end(), subs).prop_map(|(blocks, end, subs)| Level { blocks, end, subs })
}

fn gate() -> impl Strategy<Value = Gate> {
    prop_oneof![
        2 => Just(Gate::Exclusive),
        3 => Just(Gate::Parallel),
        3 => Just(Gate::Inclusive),
        1 => (1u8..4).prop_map(Gate::Complex),
        1 => Just(Gate::Activity),
    ]
}

fn sub(blocks: BoxedStrategy<Vec<Block>>) -> BoxedStrategy<Work> {
    let kind = prop_oneof![
        4 => Just(SubKind::Embedded),
        2 => Just(SubKind::Transaction),
        1 => any::<(bool, bool, bool)>().prop_map(|(a, b, c)| SubKind::AdHoc(a, b, c)),
    ];
    (kind, levels(blocks))
        .prop_map(|(kind, level)| Work::Sub(kind, Box::new(level)))
        .boxed()
}

/// The inside of a process of about `size` elements, `depth` levels deep.
pub fn level(depth: u32, size: u32) -> impl Strategy<Value = Level> {
    let block = leaf().prop_recursive(depth, size, 3, |inner| {
        let some = vec(inner.clone(), 1..3).boxed();
        let branch = (some.clone(), prop_oneof![6 => Just(None), 1 => end().prop_map(Some)])
            .prop_map(|(blocks, end)| Branch { blocks, end });
        prop_oneof![
            3 => (gate(), vec(branch, 2..4)).prop_map(|(gate, branches)| Block::Split(gate, branches)),
            1 => some.clone().prop_map(Block::Circle),
            1 => vec((awaited(), some.clone()), 2..4).prop_map(Block::Choose),
            3 => act(sub(some.clone()), some.clone()).prop_map(Block::Act),
            1 => act(small_work(), some).prop_map(Block::Act),
        ]
    });
    levels(vec(block, 1..4).boxed())
}
