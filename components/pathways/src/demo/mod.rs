//! The demo region: invented people, staff and facilities, and two years of pathways on the virtual clock.
//!
//! On entry the clock shows the moment the demo must arrive at ("now"). The demo puts it back two years, plays what
//! people do and what falls due, and leaves it at now with work open in every list.

pub(crate) mod accounts;
mod agenda;
mod cast;
mod character;
mod fill;
mod finish;
mod paper;
mod region;
pub(crate) mod staff;
mod synthea;
mod work;
mod world;

pub use accounts::{DemoAccount, PASSWORD, accounts};

use component::DemoContext;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Seed of everything invented.
pub const SEED: u64 = 20_261_121;
/// People made.
pub const PEOPLE: usize = 60;
/// How many of them have type 2 diabetes.
pub const DIABETIC: usize = 44;
/// Days played.
pub const DAYS: i64 = 730;

/// Builds the demo region.
pub fn demo(context: DemoContext) -> BoxFuture<'static, Result<(), String>> {
    async move {
        let mut world = world::World::new(context);
        region::write(&world).await?;
        synthea::invite(&mut world).await?;
        world.play().await?;
        finish::finish(&world).await
    }
    .boxed()
}
