// Starts the app. Trunk writes the names of its files into two preload links of the page.
const address = (selector) => document.querySelector(selector).href;
const { default: init } = await import(address("link[rel=modulepreload]"));
await init({ module_or_path: address("link[rel=preload][as=fetch]") });
