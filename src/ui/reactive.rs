//! Values that change, and what follows them: a thin layer over Leptos' signals, effects and owners. Leptos compiles
//! its code anew for every type that a signal holds and for every closure that an effect runs; a page that downloads
//! all of it before it can show anything is better off with one of each, so here the types are erased.

use std::{any::Any, marker::PhantomData, rc::Rc};

use leptos::prelude::*;

/// A value that effects follow. Copies are handles of the same value; it lives as long as the owner that was current
/// when it was made.
pub struct Value<T> {
    signal: RwSignal<Rc<dyn Any>, LocalStorage>,
    holds: PhantomData<fn() -> T>,
}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Value<T> {}

impl<T: 'static> Value<T> {
    /// A new value.
    pub fn new(value: T) -> Self {
        Self { signal: RwSignal::new_local(Rc::new(value)), holds: PhantomData }
    }

    /// Reads the value; the effect that runs now follows it from here on.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        // A handle of its own: nothing is borrowed while `read` runs.
        read(cast(&*self.signal.get()))
    }

    /// Reads the value as it is now.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(cast(&*self.signal.get_untracked()))
    }

    /// Replaces the value and tells those that follow it; nothing happens when its owner is gone.
    pub fn set(self, value: T) {
        let _ = self.signal.try_set(Rc::new(value));
    }
}

impl<T: PartialEq + 'static> Value<T> {
    /// Replaces the value if it differs.
    pub fn change_to(self, value: T) {
        if self.signal.try_get_untracked().is_some_and(|now| *cast::<T>(&*now) != value) {
            self.set(value);
        }
    }
}

impl<T: Clone + 'static> Value<T> {
    /// A copy of the value; the effect that runs now follows it from here on.
    pub fn get(self) -> T {
        self.with(T::clone)
    }

    /// A copy of the value as it is now.
    pub fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }

    /// Changes the value and tells those that follow it.
    pub fn update(self, change: impl FnOnce(&mut T)) {
        let mut value = self.get_untracked();
        change(&mut value);
        self.set(value);
    }
}

/// What `compute` gives of values that it reads, as a value that changes only when it differs.
pub fn derived<T: PartialEq + 'static>(compute: impl Fn() -> T + 'static) -> Value<T> {
    let value = Value::new(untrack(&compute));
    effect(move || value.change_to(compute()));
    value
}

#[allow(clippy::expect_used, reason = "`Value::new` and `Value::set` put nothing else in")]
fn cast<T: 'static>(value: &dyn Any) -> &T {
    value.downcast_ref().expect("a value keeps its type")
}

/// Runs `run` now, and again whenever a value that it read has changed, until the current owner ends. Each run is the
/// owner of what is made in it, which ends before the next run.
pub fn effect(run: impl FnMut() + 'static) {
    fn erased(mut run: Box<dyn FnMut()>) {
        keep(RenderEffect::new(move |_: Option<()>| run()));
    }
    erased(Box::new(run));
}

/// Drops `thing` when the current owner ends.
pub fn keep(thing: impl Any) {
    fn erased(thing: Box<dyn Any>) {
        StoredValue::new_local(thing);
    }
    erased(Box::new(thing));
}

/// Calls `run` when the current owner ends.
pub fn at_end(run: impl FnOnce() + 'static) {
    struct AtEnd(Option<Box<dyn FnOnce()>>);

    impl Drop for AtEnd {
        fn drop(&mut self) {
            if let Some(run) = self.0.take() {
                run();
            }
        }
    }

    keep(AtEnd(Some(Box::new(run))));
}
