//! A panic is a fault: caught at the edge, told once, and the process serves on.

use std::{
    any::Any,
    cell::RefCell,
    future::Future,
    panic::{AssertUnwindSafe, PanicHookInfo},
    sync::Once,
};

use futures_util::FutureExt as _;

use super::invocation::runs;
use crate::fault::{Fault, Kind, Place};

thread_local! {
    /// Where the last panic of this thread happened.
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// Runs a handler; its panic is a fault.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Fault> {
    static HOOK: Once = Once::new();
    HOOK.call_once(install);
    AssertUnwindSafe(work).catch_unwind().await.map_err(|payload| {
        let place = PLACE.with_borrow_mut(Option::take).unwrap_or_else(Place::unknown);
        Fault::at(place, "panic", text(&*payload)).of_kind(Kind::Panic)
    })
}

/// Within an invocation, the panic's words go to the log with the fault and nowhere else; the process's own hook would
/// write them out before.
fn install() {
    let own = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if !runs() {
            return own(info);
        }
        let place = info.location().map(|place| Place::new(place.file().to_owned(), place.line()));
        PLACE.set(place);
    }));
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
