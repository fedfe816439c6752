//! nginx before the server, set up as the project's own `docs/deploy/nginx.conf` says, below a path.

use std::{fs, process::Command};

use tempfile::TempDir;

use crate::{Error, Result, error::Doing, free_port, needs, process::Process};

/// A running nginx; killed without a warning when dropped.
pub struct Nginx {
    port: u16,
    // Dropped in this order: nothing writes into the directory any more when it is removed.
    _process: Process,
    _directory: TempDir,
}

impl Nginx {
    /// Starts one before the server on `upstream`, a port of this machine.
    ///
    /// # Errors
    /// When nginx is missing or does not start, or its configuration is not what it was.
    pub async fn start(upstream: u16) -> Result<Self> {
        let directory = tempfile::tempdir().doing(|| "create a directory for nginx".to_owned())?;
        let port = free_port()?;
        let path = needs::nginx_configuration();
        let documented = fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
        let site = site(&documented, port, upstream).ok_or_else(|| Error::Io {
            doing: format!("find the parts of {}", path.display()),
            source: std::io::ErrorKind::InvalidData.into(),
        })?;
        let home = directory.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("    {kind}_temp_path {home}/{kind};\n"))
            .concat();
        let configuration = format!(
            "daemon off;\nmaster_process off;\nerror_log stderr notice;\npid {home}/pid;\nevents {{}}\n\
             http {{\n    access_log off;\n{temporary}{site}}}\n"
        );
        let file = directory.path().join("nginx.conf");
        fs::write(&file, configuration).doing(|| format!("write {}", file.display()))?;
        let mut command = Command::new(needs::nginx()?);
        command.arg("-p").arg(directory.path()).arg("-e").arg("stderr").arg("-c").arg(file);
        // It says its version once it listens.
        let (process, ()) = Process::start(command, |line| line.contains(": nginx/").then_some(())).await?;
        Ok(Self { port, _process: process, _directory: directory })
    }

    /// The app's address, with a `/` at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/meet/", self.port)
    }
}

/// What is documented, with the path instead of the root, plain HTTP on `port` instead of HTTPS, and without the server that
/// leads to HTTPS.
fn site(documented: &str, port: u16, upstream: u16) -> Option<String> {
    let (https, _) = documented.split_once("\nserver {\n    listen 80;")?;
    let (before, after) = https.split_once("    location / { proxy_pass http://127.0.0.1:8080; }\n")?;
    let after = after.replacen("# location /meet/ ", "location /meet/ ", 1);
    let mut site = String::new();
    for line in before.lines().chain(after.lines()) {
        match line.trim().split(' ').next() {
            Some("listen" | "ssl_certificate" | "ssl_certificate_key") => continue,
            Some("server_name") => site += &format!("    listen 127.0.0.1:{port};"),
            _ => site += &line.replace("127.0.0.1:8080", &format!("127.0.0.1:{upstream}")),
        }
        site.push('\n');
    }
    site.contains("\n    location /meet/ {").then_some(site)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_configuration_becomes_one_for_tests() {
        let site = site(&fs::read_to_string(needs::nginx_configuration()).unwrap(), 1, 2).unwrap();
        assert!(site.contains("listen 127.0.0.1:1;\n") && site.contains("proxy_pass http://127.0.0.1:2/;"), "{site}");
        assert!(!site.contains("443") && !site.contains("ssl_certificate"), "{site}");
    }
}
