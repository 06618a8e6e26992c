//! The classes of the objects, which have to be in the crate of the app: the runtime looks for them there.

/// Declares the objects `SockJsSession` and `SockJsService`; the argument is the function that makes the app's
/// [`Mounts`](crate::Mounts) of an [`Env`](worker::Env).
#[macro_export]
macro_rules! objects {
    ($mounts:ident) => {
        #[allow(missing_docs, reason = "`durable_object` generates methods without documentation")]
        mod sockjs_objects {
            use $crate::worker::{
                self, DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage,
                durable_object, wasm_bindgen,
            };

            /// A SockJS session.
            #[durable_object]
            pub struct SockJsSession($crate::SessionObject);

            impl DurableObject for SockJsSession {
                fn new(state: State, env: Env) -> Self {
                    Self($crate::SessionObject::new(state, env, super::$mounts))
                }

                async fn fetch(&self, request: Request) -> worker::Result<Response> {
                    self.0.fetch(request).await
                }

                async fn alarm(&self) -> worker::Result<Response> {
                    self.0.alarm().await
                }

                async fn websocket_message(
                    &self,
                    socket: WebSocket,
                    message: WebSocketIncomingMessage,
                ) -> worker::Result<()> {
                    self.0.message(socket, message).await
                }

                async fn websocket_close(
                    &self,
                    socket: WebSocket,
                    code: usize,
                    _: String,
                    _: bool,
                ) -> worker::Result<()> {
                    self.0.closed(socket, code).await
                }

                async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> worker::Result<()> {
                    self.0.broke_off(socket).await
                }
            }

            /// What knows the open sessions of a SockJS service.
            #[durable_object]
            pub struct SockJsService($crate::RegistryObject);

            impl DurableObject for SockJsService {
                fn new(state: State, env: Env) -> Self {
                    Self($crate::RegistryObject::new(state, env))
                }

                async fn fetch(&self, request: Request) -> worker::Result<Response> {
                    self.0.fetch(request).await
                }
            }
        }

        pub use sockjs_objects::{SockJsService, SockJsSession};
    };
}
