//! Leaves out silent transitions that only pass a token on.

use super::{Net, Place};

/// Merges a silent transition with the only one before it, or with the only one after it, as long as there is such.
pub(super) fn simple(net: &mut Net) {
    while (0..net.transitions.len()).any(|silent| merge(net, silent, Side::Before))
        || (0..net.transitions.len()).any(|silent| merge(net, silent, Side::After))
    {}
    drop_places(net);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// Merges one transition with its neighbour; whether it did.
fn merge(net: &mut Net, silent: usize, side: Side) -> bool {
    let transition = &net.transitions[silent];
    let near = if side == Side::Before {
        &transition.inputs
    } else {
        &transition.outputs
    };
    let (None, [place]) = (&transition.label, near.as_slice()) else {
        return false;
    };
    let place = *place;
    if net.initial.tokens(place) > 0 || net.last.tokens(place) > 0 {
        return false;
    }
    let touching = |put: bool| -> Vec<usize> {
        let places = |index: usize| {
            let t = &net.transitions[index];
            if put { &t.outputs } else { &t.inputs }
        };
        let arcs = |index: usize| places(index).iter().filter(|other| **other == place).count();
        (0..net.transitions.len())
            .flat_map(|index| std::iter::repeat_n(index, arcs(index)))
            .collect()
    };
    let (neighbours, own) = (touching(side == Side::Before), touching(side == Side::After));
    let (&[neighbour], &[_]) = (neighbours.as_slice(), own.as_slice()) else {
        return false;
    };
    if neighbour == silent {
        return false;
    }
    let moved = net.transitions[silent].clone();
    let kept = &mut net.transitions[neighbour];
    if side == Side::Before {
        kept.outputs.retain(|other| *other != place);
        kept.outputs.extend(moved.outputs);
    } else {
        kept.inputs.retain(|other| *other != place);
        kept.inputs.extend(moved.inputs);
    }
    net.transitions.remove(silent);
    true
}

/// Leaves out the places without arcs and without tokens.
fn drop_places(net: &mut Net) {
    let used = |net: &Net, place: Place| {
        let marked = net.initial.tokens(place) > 0 || net.last.tokens(place) > 0;
        marked
            || net
                .transitions
                .iter()
                .any(|t| t.inputs.contains(&place) || t.outputs.contains(&place))
    };
    for place in (0..net.places.len()).rev() {
        if !used(net, place) {
            net.places.remove(place);
            let lower = |other: &mut Place| *other -= usize::from(*other > place);
            for transition in &mut net.transitions {
                transition
                    .inputs
                    .iter_mut()
                    .chain(&mut transition.outputs)
                    .for_each(lower);
            }
            net.initial = super::Marking::of(net.initial.iter().map(|(other, _)| other - usize::from(other > place)));
            net.last = super::Marking::of(net.last.iter().map(|(other, _)| other - usize::from(other > place)));
        }
    }
}
