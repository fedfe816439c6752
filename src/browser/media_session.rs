//! What the system shows of the call and its keys do to it (Media Session API): microphone, camera, hanging up. Where there
//! is no such thing, nothing happens.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    type SessionNavigator;

    /// `navigator.mediaSession` (mediasession §6).
    #[wasm_bindgen(method, structural, getter, js_name = mediaSession)]
    fn media_session(this: &SessionNavigator) -> Option<Session>;

    type Session;

    /// `setActionHandler()` (mediasession §6); throws `TypeError` for an action that the browser does not know.
    #[wasm_bindgen(method, structural, catch, js_name = setActionHandler)]
    fn set_action_handler(this: &Session, action: &str, handler: Option<&js_sys::Function>) -> Result<(), JsValue>;

    /// `setMicrophoneActive()` (mediasession §6).
    #[wasm_bindgen(method, structural, catch, js_name = setMicrophoneActive)]
    fn set_microphone_active(this: &Session, active: bool) -> Result<JsValue, JsValue>;

    /// `setCameraActive()` (mediasession §6).
    #[wasm_bindgen(method, structural, catch, js_name = setCameraActive)]
    fn set_camera_active(this: &Session, active: bool) -> Result<JsValue, JsValue>;
}

/// What the system's keys ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionAction {
    /// Switch the microphone on or off.
    ToggleMicrophone,
    /// Switch the camera on or off.
    ToggleCamera,
    /// Leave the call.
    HangUp,
}

impl SessionAction {
    const ALL: [Self; 3] = [Self::ToggleMicrophone, Self::ToggleCamera, Self::HangUp];

    fn name(self) -> &'static str {
        match self {
            Self::ToggleMicrophone => "togglemicrophone",
            Self::ToggleCamera => "togglecamera",
            Self::HangUp => "hangup",
        }
    }
}

/// The page's session while a call runs; over when this is dropped.
pub struct MediaSession {
    session: Option<Session>,
    _handlers: Vec<Closure<dyn FnMut()>>,
}

impl MediaSession {
    /// Calls `handler` for each action of the system's keys.
    pub fn start(handler: impl Fn(SessionAction) + 'static) -> Self {
        let navigator = web_sys::window().map(|window| window.navigator().unchecked_into::<SessionNavigator>());
        let session = navigator.and_then(|navigator| navigator.media_session());
        let handler = Rc::new(handler);
        let mut handlers = Vec::new();
        if let Some(session) = &session {
            for action in SessionAction::ALL {
                let handler = Rc::clone(&handler);
                let closure = Closure::<dyn FnMut()>::new(move || handler(action));
                // Browsers know different actions.
                let _ = session.set_action_handler(action.name(), Some(closure.as_ref().unchecked_ref()));
                handlers.push(closure);
            }
        }
        Self { session, _handlers: handlers }
    }

    /// Tells the system which devices are on.
    pub fn show(&self, microphone: bool, camera: bool) {
        if let Some(session) = &self.session {
            // Absent in some browsers, and rejected in a page without a call.
            let _ = session.set_microphone_active(microphone);
            let _ = session.set_camera_active(camera);
        }
    }
}

impl Drop for MediaSession {
    fn drop(&mut self) {
        self.show(false, false);
        for action in SessionAction::ALL {
            if let Some(session) = &self.session {
                let _ = session.set_action_handler(action.name(), None);
            }
        }
    }
}
