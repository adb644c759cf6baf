//! Attempts that nobody has heard of again.
//!
//! The SDK gives an attempt up after 800 ms, or when its connection breaks, and repeats it. The one that was given up on
//! may have been applied, and it may be applied seconds later. So a refused repetition alone does not prove that nothing
//! was written, nor that nothing will be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Counts the attempts of one write whose outcome is not known.
#[derive(Clone, Debug, Default)]
pub(super) struct Unanswered(Arc<AtomicU32>);

impl Unanswered {
    /// Whether every attempt so far has been answered.
    pub(super) fn is_none(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

impl Intercept for Unanswered {
    fn name(&self) -> &'static str {
        "Unanswered"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Not called for an attempt that ends without an answer. One of status 5xx tells nothing either.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_read = match context.output_or_error() {
            Ok(_) => true,
            Err(error) => error.is_operation_error(),
        };
        if is_read && !context.response().status().is_server_error() {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
