//! A browser of one's own: driver, fresh profile and session, all gone when the handle is dropped. One browser is one
//! person, so that people share neither storage nor fate.

use std::{
    future::ready,
    io,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::Command,
};

use fantoccini::{Client, ClientBuilder};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::{
    Error, Namespace, Result,
    error::Doing,
    needs,
    process::{Descendant, Process},
};

/// How often a driver is started that finds its port taken.
const DRIVER_ATTEMPTS: u32 = 5;

/// What Chromium's driver says then.
const PORT_IS_TAKEN: &str = "port not available";

/// Which browser, and what it has for devices. All devices are fake: a moving picture and a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// Chromium with camera and microphone, permission given. The camera has ten frames a second, of as many pixels as the app
    /// asks for.
    Chromium,
    /// As [`Browser::Chromium`], with a camera of few pixels and frames, no loudspeaker, and little that moves: for many
    /// people on a small machine.
    ChromiumSmallCamera,
    /// As [`Browser::Chromium`], with twenty frames a second.
    ChromiumTwentyFrames,
    /// As [`Browser::Chromium`], in a small window: for figures of many people on a small machine.
    ChromiumSmallWindow,
    /// Chromium with three cameras, of which the second one's pictures cannot be sent, three microphones and three
    /// loudspeakers.
    ChromiumWithManyDevices,
    /// As [`Browser::ChromiumSmallCamera`], with a fake tab that is what is shared of a screen; nobody is asked.
    ChromiumWithScreen,
    /// Chromium whose person refuses camera and microphone.
    ChromiumRefusing,
    /// Chromium on a machine with a microphone and no camera.
    ChromiumWithoutCamera,
    /// Firefox with camera and microphone, permission given.
    Firefox,
}

/// A running browser with one window.
pub(crate) struct Session {
    pub client: Client,
    // Dropped in this order: nothing writes into the profile any more when it is removed.
    driver: Process,
    _profile: TempDir,
}

impl Session {
    /// The browser's programs, the driver apart.
    pub fn programs(&self) -> Result<Vec<Descendant>> {
        self.driver.descendants()
    }
}

impl Browser {
    /// Whether many of its windows share a small machine.
    fn is_for_many(self) -> bool {
        matches!(self, Self::ChromiumSmallCamera | Self::ChromiumSmallWindow | Self::ChromiumWithScreen)
    }

    /// Starts the browser here, or in a network namespace: Chromium with one more argument, Firefox with trust in every
    /// certificate and every origin.
    pub(crate) async fn start(self, place: Option<(&Namespace, &str)>) -> Result<Session> {
        let profile = tempfile::tempdir().doing(|| "create a browser profile".to_owned())?;
        let capabilities = match self {
            Self::Firefox => firefox(place.is_some())?,
            _ => self.chromium(&profile, place.map(|(_, argument)| argument))?,
        };
        let (driver, port) = self.start_driver(&profile, place).await?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let namespace = place.map(|(namespace, _)| namespace.clone());
        // The driver is asked on the loopback interface of where it runs: no line leads there from here.
        let mut builder = ClientBuilder::new(tower::service_fn(move |_| ready(connect(namespace.as_ref(), address))));
        builder.capabilities(capabilities);
        let client = builder
            .connect(&format!("http://{address}"))
            .await
            .map_err(|source| Error::NoSession { browser: format!("{self:?}"), source: Box::new(source) })?;
        Ok(Session { client, driver, _profile: profile })
    }

    /// Starts the driver and returns where it listens.
    async fn start_driver(self, profile: &TempDir, place: Option<(&Namespace, &str)>) -> Result<(Process, u16)> {
        let driver = if self == Self::Firefox { needs::geckodriver()? } else { needs::chromedriver()? };
        let mut attempt = 1;
        loop {
            let mut command = place.map_or_else(|| Command::new(&driver), |(place, _)| place.command(&driver));
            // What browser and driver leave in the temporary directory goes with the profile.
            command.arg("--port=0").env("TMPDIR", profile.path());
            match Process::start(command, listening_port).await {
                // Chromium's driver takes a port that is free in IPv6, and ends if somebody has it in IPv4.
                Err(Error::Ended { output, .. }) if attempt < DRIVER_ATTEMPTS && output.contains(PORT_IS_TAKEN) => {
                    attempt += 1;
                }
                started => return started,
            }
        }
    }

    fn chromium(self, profile: &TempDir, argument: Option<&str>) -> Result<Map<String, Value>> {
        let mut arguments = self.chromium_arguments(profile)?;
        arguments.extend(argument.map(str::to_owned));
        let mut options = json!({ "binary": needs::chromium()?, "args": arguments });
        if self == Self::ChromiumRefusing {
            // 2 is "block", as the person sets it in the browser's settings.
            options["prefs"] = json!({
                "profile.default_content_setting_values.media_stream_camera": 2,
                "profile.default_content_setting_values.media_stream_mic": 2,
            });
        }
        Ok(capabilities("goog:chromeOptions", options))
    }

    /// Chromium's arguments, without any that are a driver's.
    pub(crate) fn chromium_arguments(self, profile: &TempDir) -> Result<Vec<String>> {
        let mut arguments = vec![
            "--headless=new".to_owned(),
            // Tests may run as root, and in containers with a small /dev/shm.
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            // Nothing answers mDNS names in a container. The popups of the address bar, which no test opens, are pages
            // that take more processor time than the rest of the start.
            "--disable-features=WebRtcHideLocalIpsWithMdns,WebUIOmniboxPopup,WebUIOmniboxAimPopup".to_owned(),
            "--lang=en".to_owned(),
            // For the probe: what is left after a collection is what is held.
            "--js-flags=--expose-gc".to_owned(),
            // Without a graphics card, every pixel of a moving picture is the processor's work.
            format!("--window-size={}", if self.is_for_many() { "800,600" } else { "1280,800" }),
            format!("--user-data-dir={}", profile.path().join("profile").display()),
        ];
        let devices = "--use-fake-device-for-media-stream";
        let grant = "--use-fake-ui-for-media-stream";
        arguments.extend(match self {
            Self::ChromiumSmallCamera | Self::ChromiumWithScreen => {
                let film = profile.path().join("camera.y4m");
                std::fs::write(&film, small_film()).doing(|| format!("write {}", film.display()))?;
                let file = format!("--use-file-for-fake-video-capture={}", film.display());
                let devices = if self == Self::ChromiumWithScreen {
                    format!("{devices}=display-media-type=browser")
                } else {
                    devices.to_owned()
                };
                // What moves on the page is the processor's work, and so is sound that is played; it is decoded all the same.
                let still = "--force-prefers-reduced-motion".to_owned();
                let mute = "--mute-audio".to_owned();
                vec![devices, grant.to_owned(), file, still, mute]
            }
            Self::ChromiumWithoutCamera => vec![format!("{devices}=device-count=0"), grant.to_owned()],
            Self::ChromiumWithManyDevices => vec![format!("{devices}=device-count=3,fps=10"), grant.to_owned()],
            Self::ChromiumTwentyFrames => vec![format!("{devices}=fps=20"), grant.to_owned()],
            Self::ChromiumRefusing => vec![devices.to_owned()],
            _ => vec![format!("{devices}=fps=10"), grant.to_owned()],
        });
        Ok(arguments)
    }
}

/// What the small camera sees: a bar that wanders over grey, 160 by 120 pixels, five frames a second (YUV4MPEG2).
fn small_film() -> Vec<u8> {
    const WIDTH: usize = 160;
    const HEIGHT: usize = 120;
    let mut film = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F5:1 Ip A1:1 C420jpeg\n").into_bytes();
    for step in 0..20 {
        film.extend_from_slice(b"FRAME\n");
        let bar = step * 8..step * 8 + 16;
        film.extend((0..WIDTH * HEIGHT).map(|pixel| if bar.contains(&(pixel % WIDTH)) { 220 } else { 90 }));
        // No colour: both chroma planes, each a quarter of the picture.
        film.extend(std::iter::repeat_n(128, WIDTH * HEIGHT / 2));
    }
    film
}

fn firefox(trusting: bool) -> Result<Map<String, Value>> {
    let preferences = json!({
        "media.navigator.streams.fake": true,
        "media.navigator.video.default_fps": 10,
        "media.navigator.permission.disabled": true,
        "media.peerconnection.ice.obfuscate_host_addresses": false,
        "media.autoplay.default": 0,
        "intl.accept_languages": "en",
        "media.devices.insecure.enabled": trusting,
        "media.getusermedia.insecure.enabled": trusting,
    });
    let options = json!({ "binary": needs::firefox()?, "args": ["-headless"], "prefs": preferences });
    let mut capabilities = capabilities("moz:firefoxOptions", options);
    capabilities.insert("acceptInsecureCerts".to_owned(), trusting.into());
    Ok(capabilities)
}

fn capabilities(key: &str, options: Value) -> Map<String, Value> {
    let mut capabilities = Map::new();
    capabilities.insert(key.to_owned(), options);
    capabilities
}

fn connect(namespace: Option<&Namespace>, address: SocketAddr) -> io::Result<TokioIo<tokio::net::TcpStream>> {
    let stream = namespace.map_or_else(|| TcpStream::connect(address), |namespace| namespace.connect(address))?;
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    tokio::net::TcpStream::from_std(stream).map(TokioIo::new)
}

/// The port in `ChromeDriver was started successfully on port 9515.` or `… Listening on 127.0.0.1:4444`.
fn listening_port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("successfully on port ").or_else(|| line.split_once("Listening on 127.0.0.1:"))?;
    rest.trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::listening_port;

    #[test]
    fn both_drivers_say_their_port() {
        assert_eq!(listening_port("ChromeDriver was started successfully on port 39163."), Some(39163));
        assert_eq!(listening_port("1700000000000\tgeckodriver\tINFO\tListening on 127.0.0.1:4444"), Some(4444));
        assert_eq!(listening_port("Starting ChromeDriver on port 0"), None);
    }
}
