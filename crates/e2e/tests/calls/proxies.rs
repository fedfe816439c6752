//! What stands between the page and its server: nginx with the app below a path, policies that a proxy adds, files that do
//! not come through.

#![allow(clippy::unwrap_used)]

use std::fs;

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Nginx, Result, Site, StaticServer, VitrinePage, VitrineServer, link, media_flows};

use crate::half;

#[tokio::test]
async fn app_below_a_path_of_nginx_calls_and_is_found_by_mangled_links() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start_with(site.path(), 0, &["--trusted-proxy", "127.0.0.1"]).await?;
    let nginx = Nginx::start(server.port()).await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &nginx.url(), "tea").await?;
    let ben = VitrinePage::open(Browser::ChromiumSmallCamera, "Ben", &nginx.url()).await?;
    for (path, fragment) in [("%23room=tea", "#room=tea"), ("some/%23room=tea", "#room=tea"), ("some/where/", "")] {
        ben.go_to(&format!("{}{path}", nginx.url())).await?;
        ben.wait_for_lobby().await?;
        let address: String = ben.evaluate("return location.href").await?;
        assert_eq!(address, format!("{}{fragment}", nginx.url()), "{path}");
    }
    ben.go_into(&nginx.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await
}

/// Waits until the loading screen names this cause, and no other.
async fn says(page: &VitrinePage, cause: &str) -> Result<()> {
    let script = format!(
        "const shown = ['policy', 'network', 'browser'].filter((cause) =>
            document.getElementById(`boot-${{cause}}`)?.checkVisibility());
        return shown.length === 1 && shown[0] === '{cause}'"
    );
    page.wait_for::<bool>(&format!("the page says that the {cause} stopped it"), &script).await.map(drop)
}

/// The name of the one file of the app that begins and ends so.
fn file(site: &Site, start: &str, end: &str) -> String {
    let mut names = fs::read_dir(site.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.find(|name| name.starts_with(start) && name.ends_with(end)).unwrap()
}

async fn start_is_explained(browser: Browser) -> Result<()> {
    const STRICT: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src *";
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(std::path::Path::new("none")).await?;
    site.set_meta("signaling-server", &server.url())?;

    // A strict policy is no obstacle.
    let strict = StaticServer::start_with_policy(site.path(), STRICT).await?;
    let page = VitrinePage::open(browser, "Ada", &link(&strict.url(), "tea")).await?;

    // Without WebAssembly, without our scripts' files, without the app's files.
    for policy in ["script-src 'self'", "connect-src 'none'"] {
        let files = StaticServer::start_with_policy(site.path(), policy).await?;
        page.go_to(&files.url()).await?;
        says(&page, "policy").await?;
    }

    // Without any script, the style sheet says so after 15 seconds, in both languages.
    let files = StaticServer::start_with_policy(site.path(), "script-src 'none'").await?;
    page.go_to(&files.url()).await?;
    let script = "const note = document.querySelector('.boot-blocked');
        const visibility = () => getComputedStyle(note).visibility;
        const before = visibility();
        note.getAnimations().forEach((animation) => animation.finish());
        const languages = [...note.children].filter((text) => text.checkVisibility()).map((text) => text.lang);
        return `${before} ${visibility()} ${languages}`";
    assert_eq!(page.evaluate::<String>(script).await?, "hidden visible en,ko");

    let files = StaticServer::start(site.path(), "/").await?;
    let probe = fs::read_to_string(site.path().join("probe.js")).unwrap();
    site.write("probe.js", &format!("{probe}\ndelete window.WebAssembly;"))?;
    page.go_to(&files.url()).await?;
    says(&page, "browser").await?;

    // A file that never comes; the page's 15 seconds pass faster.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let index = fs::read_to_string(site.path().join("index.html")).unwrap();
    let wasm = file(&site, "vitrine-", "_bg.wasm");
    let never = format!("http://{}/{wasm}", silent.local_addr().unwrap());
    site.write("index.html", &index.replace(&format!("./{wasm}"), &never))?;
    let hurry = "const patient = setTimeout; window.setTimeout = (action, time) => patient(action, time / 50);";
    site.write("probe.js", &format!("{probe}\n{hurry}"))?;
    // Each time at another address: browsers keep files for a tenth of their age without asking.
    let files = StaticServer::start(site.path(), "/").await?;
    page.go_to(&files.url()).await?;
    says(&page, "network").await?;

    // A file that is gone.
    site.write("index.html", &index)?;
    site.write("probe.js", &probe)?;
    for name in [&wasm, &file(&site, "vitrine-", ".js"), &file(&site, "start-", ".js")] {
        let content = fs::read(site.path().join(name)).unwrap();
        fs::remove_file(site.path().join(name)).unwrap();
        let files = StaticServer::start(site.path(), "/").await?;
        page.go_to(&files.url()).await?;
        says(&page, "network").await?;
        fs::write(site.path().join(name), content).unwrap();
    }
    Ok(())
}

#[tokio::test]
async fn start_is_explained_in_chromium() -> Result<()> {
    start_is_explained(Browser::ChromiumSmallCamera).await
}

#[tokio::test]
async fn start_is_explained_in_firefox() -> Result<()> {
    start_is_explained(Browser::Firefox).await
}
