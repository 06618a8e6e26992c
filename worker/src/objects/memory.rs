//! What an object keeps in memory.

use std::{cell::OnceCell, rc::Rc};

use worker::{Env, State};

use crate::error::Error;

/// An object's memory, which an eviction takes: made from what is stored when an event needs it, and tried again at the
/// next event as long as that fails. (A constructor that fails would leave the object dead.)
pub(crate) struct Memory<T> {
    state: Rc<State>,
    env: Env,
    inner: OnceCell<Rc<T>>,
}

/// Makes an object's memory from what is stored.
pub(crate) trait Wake: Sized {
    /// # Errors
    /// When the storage or a setting cannot be read.
    fn wake(state: &Rc<State>, env: &Env) -> Result<Self, Error>;

    /// What there is to do once the memory is there.
    fn woken(self: &Rc<Self>) {}
}

impl<T: Wake> Memory<T> {
    pub(crate) fn new(state: State, env: Env) -> Self {
        Self { state: Rc::new(state), env, inner: OnceCell::new() }
    }

    pub(crate) fn get(&self) -> Result<&Rc<T>, Error> {
        if let Some(inner) = self.inner.get() {
            return Ok(inner);
        }
        let inner = Rc::new(T::wake(&self.state, &self.env)?);
        inner.woken();
        Ok(self.inner.get_or_init(|| inner))
    }
}
