//! The ways to invite somebody: the link to copy, the system's menu for sharing, a QR code drawn in the page, and a mail.

use leptos::prelude::*;
use leptos_i18n::td_string;
use qrcode::{Color, EcLevel, QrCode};

use super::context::{CallUi, Ui};
use super::control::Control;
use super::controls::{CopyLink, invite};
use super::dialog::Dialog;
use super::icon::IconName;
use super::refusal::Refusal;
use super::showing::attempt;
use super::text::fill;
use crate::browser::{can_share, share};
use crate::call::CallStateStoreFields as _;

/// Light modules around the code, which scanners need (ISO/IEC 18004 §6.3.8).
const QUIET_ZONE: usize = 4;

/// The button that opens the ways to invite somebody.
#[component]
pub fn InviteButton(
    /// The button's class.
    class: &'static str,
    /// Identifies the button in tests.
    test_id: &'static str,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    view! {
        <Control
            icon=IconName::Invite
            label=td_string!(locale, invite.open)
            class
            attr:data-testid=test_id
            attr:aria-haspopup="dialog"
            on:click=move |_| call.invite.set(true)
        />
    }
}

/// The dialog.
#[component]
pub fn InviteDialog() -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let call: CallUi = expect_context();
    // The room is the same as long as the call screen is there, unless the user moves to another one.
    let link = Memo::new(move |_| {
        ui.state.room().track();
        invite(ui)
    });
    let subject = move || ui.state.room().with(|room| subject(ui, room.as_deref().unwrap_or_default()));
    let mail = move || mail_link(&subject(), &fill(td_string!(locale, invite.mail_body), "link", &link.get()));
    let share_link = move |_| {
        let (title, link) = (untrack(subject), link.get_untracked());
        attempt(call, Refusal::Sharing, async move { share(&title, &link).await });
    };
    view! {
        <Dialog
            open=call.invite
            on_close=move |()| call.invite.set(false)
            class="invite"
            test_id="invite-dialog"
            title=td_string!(locale, invite.title)
        >
            <p>{td_string!(locale, invite.lead)}</p>
            {move || match code(&link.get()) {
                Some(code) => {
                    view! {
                        <svg
                            class="code"
                            data-testid="qr"
                            role="img"
                            aria-label=td_string!(locale, invite.code)
                            viewBox=format!("0 0 {0} {0}", code.size)
                        >
                            <path d=code.path />
                        </svg>
                    }
                        .into_any()
                }
                None => view! { <p class="hint">{td_string!(locale, invite.no_code)}</p> }.into_any(),
            }}
            <p class="link-text" translate="no" data-testid="invite-text" prop:textContent=link></p>
            <div class="sheet-actions">
                <CopyLink class="primary" test_id="copy-link" refused=call.link />
                {can_share()
                    .then(|| {
                        view! {
                            <button type="button" class="secondary" data-testid="share-link" on:click=share_link>
                                {td_string!(locale, invite.share)}
                            </button>
                        }
                    })}
                // A page for mails must not take the place of the call.
                <a class="secondary" data-testid="mail-link" href=mail target="_blank" rel="noopener">
                    {td_string!(locale, invite.mail)}
                </a>
            </div>
        </Dialog>
    }
}

fn subject(ui: Ui, room: &str) -> String {
    fill(td_string!(ui.locale, invite.subject), "room", room)
}

/// A link that writes a mail (RFC 6068).
fn mail_link(subject: &str, body: &str) -> String {
    let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
    format!("mailto:?subject={}&body={}", encode(subject), encode(body))
}

/// A QR code, as one path on a grid of `size` by `size` modules.
struct Code {
    size: usize,
    path: String,
}

/// The code of `text`; none if it is too long for one.
fn code(text: &str) -> Option<Code> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
    let module = |(index, _)| format!("M{} {}h1v1h-1z", index % width + QUIET_ZONE, index / width + QUIET_ZONE);
    Some(Code { size: width + 2 * QUIET_ZONE, path: dark.map(module).collect() })
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn code_has_a_quiet_zone_and_the_three_marks() {
        let code = code("https://call.example/#room=tea").unwrap();
        assert_eq!(code.size, 29 + 8, "version 3");
        for corner in ["M4 4h", "M32 4h", "M4 32h"] {
            assert!(code.path.contains(corner), "{corner}");
        }
        assert!(!code.path.contains("M3 ") && !code.path.contains("M33 "), "{}", code.path);
    }

    #[test]
    fn link_that_is_too_long_has_no_code() {
        assert!(code(&"x".repeat(3_000)).is_none());
    }
}
