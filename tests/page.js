// Fakes for the tests' page: a signaling server inside the page, behind a WebSocket that speaks Socket.IO; a list of
// peer connections; a count of listeners; devices that fail on demand.

/** Listeners of media tracks, for `unplug`. */
const trackListeners = [];

const original = {
  WebSocket: globalThis.WebSocket,
  RTCPeerConnection: globalThis.RTCPeerConnection,
  getUserMedia: navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices),
  cloneTrack: MediaStreamTrack.prototype.clone,
  cloneStream: MediaStream.prototype.clone,
  warn: console.warn,
};

let server;
let connections = [];
let warnings = [];

/** The fake devices: kinds that fail with an error of this name, requests that wait, and every track created. */
let devices;

async function getUserMedia(constraints) {
  if (devices.held) await devices.held;
  const { failing, error } = devices;
  if (Object.keys(constraints).some((kind) => constraints[kind] && failing.includes(kind))) {
    throw new DOMException("as the test wants", error);
  }
  const exact = [constraints.audio?.deviceId?.exact, constraints.video?.deviceId?.exact];
  if (devices.failingId && exact.includes(devices.failingId)) throw new DOMException("as the test wants", error);
  const stream = await original.getUserMedia(constraints);
  devices.tracks.push(...stream.getTracks());
  return stream;
}

function reset() {
  server = { reachable: true, answering: true, acknowledging: true, pingInterval: 25000, pingTimeout: 600000, sockets: [],
    rooms: new Map(), received: [], serial: 0, refusal: null, iceServers: [], lifetime: undefined, namesServers: true };
  devices = { failing: [], error: "", held: null, give: null, permission: "granted", tracks: [] };
}

const namedServers = () => ({ iceServers: server.iceServers, iceServersLifetime: server.lifetime });

class FakeWebSocket extends EventTarget {
  constructor(url) {
    super();
    Object.assign(this, { url, readyState: 0, bufferedAmount: 0, binaryType: "blob", sid: null, room: null });
    setTimeout(() => (server.reachable ? this.#open() : this.#end(1006)));
  }
  #open() {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    server.sockets.push(this);
    this.dispatchEvent(new Event("open"));
    const { pingInterval, pingTimeout } = server;
    this.deliver("0" + JSON.stringify({ sid: "engine", upgrades: [], pingInterval, pingTimeout, maxPayload: 1e6 }));
  }
  #end(code) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    server.sockets = server.sockets.filter((socket) => socket !== this);
    this.#leave(!server.reachable);
    if (code === 1006) this.dispatchEvent(new Event("error"));
    this.dispatchEvent(new CloseEvent("close", { code, wasClean: code === 1000 }));
  }
  #leave(silently) {
    const room = server.rooms.get(this.room);
    room?.delete(this);
    if (!silently) room?.forEach((other) => other.emit("user-left", { userId: this.sid }));
    this.room = null;
  }
  drop() { this.#end(1006); }
  close() { setTimeout(() => this.#end(1000)); }
  deliver(text) { setTimeout(() => this.readyState === 1 && this.dispatchEvent(new MessageEvent("message", { data: text }))); }
  emit(name, data) { this.deliver("42" + JSON.stringify([name, data])); }
  send(text) {
    if (this.readyState !== 1) return;
    server.received.push(text);
    if (text === "40") {
      this.sid = `user${++server.serial}`;
      this.deliver(`40{"sid":"${this.sid}"}`);
      return;
    }
    const event = /^42(\d*)(\[.*)$/s.exec(text);
    if (!event || !server.answering) return;
    const [name, data] = JSON.parse(event[2]);
    const answer = (value) => event[1] && server.acknowledging && this.deliver(`43${event[1]}${JSON.stringify([value])}`);
    if (name === "create-room" || name === "join-room") {
      const refusal = server.refusal ?? (this.room && "already-in-room");
      if (refusal) return answer({ success: false, error: { code: refusal, message: "" } });
      const room = server.rooms.get(data) ?? server.rooms.set(data, new Set()).get(data);
      const existingUsers = [...room].map((other) => other.sid);
      room.forEach((other) => other.emit("user-joined", { userId: this.sid }));
      room.add(this);
      this.room = data;
      answer({ success: true, roomId: data, existingUsers, ...namedServers() });
    } else if (name === "ice-servers") {
      if (server.namesServers) answer({ success: true, ...namedServers() });
    } else if (name === "leave-room") {
      this.#leave(false);
      answer({ success: true });
    } else {
      const { target, ...rest } = data;
      const room = server.rooms.get(this.room) ?? new Set();
      [...room].find((other) => other.sid === target)?.emit(name, { ...rest, from: this.sid });
    }
  }
}

/** The behaviour of the fake relay, if there is one. */
let fakeRelay = null;

/** The calls that throw: "construct", or methods of `RTCPeerConnection`. */
let failingCalls = [];
export function fail_calls(calls) { failingCalls = calls; }
const attempt = (what) => {
  if (failingCalls.includes(what)) throw new DOMException(`no ${what}, as the test wants`, "NotAllowedError");
};

/** Adds this many media sections to the first open connection. */
export function add_sections(count) {
  const [first] = connections.filter((connection) => connection.connectionState !== "closed");
  for (let number = 0; number < count; number += 1) first.addTransceiver("video", { direction: "recvonly" });
}
/** The number of negotiated media sections of each open connection. */
export function negotiated_sections() {
  const open = connections.filter((connection) => connection.connectionState !== "closed");
  return open.map((connection) => (connection.currentLocalDescription?.sdp.match(/^m=/gm) ?? []).length);
}

const iceError = (errorCode) =>
  new RTCPeerConnectionIceErrorEvent("icecandidateerror", { url: "turn:stand.in", errorCode, errorText: "" });

/** Gives relay-only connections a relay that "works", is "silent", or refuses with this error code. */
export function fake_relays(behaviour) { fakeRelay = behaviour; }
/** Whether this browser reports ICE servers that fail. */
export function reports_candidate_errors() { return "onicecandidateerror" in original.RTCPeerConnection.prototype; }

/** Makes the signaling server name these ICE servers (JSON), with this lifetime in seconds. */
export function set_ice_servers(text, lifetime) {
  Object.assign(server, { iceServers: JSON.parse(text), lifetime });
}
/** Makes the signaling server ignore requests for ICE servers. */
export function disable_ice_servers() { server.namesServers = false; }
/** Records the console's warnings until `uninstall`. */
export function record_warnings() { console.warn = (text) => warnings.push(text); }
export function has_warned(text) { return warnings.some((warning) => warning.includes(text)); }
/** The URLs that each open connection is configured with. */
export function configured_urls() {
  const open = connections.filter((connection) => connection.connectionState !== "closed");
  return open.map((connection) => (connection.getConfiguration().iceServers ?? []).map(({ urls }) => urls).join(" "));
}

/** Installs fresh fakes. */
export function install() {
  reset();
  fakeRelay = null;
  failingCalls = [];
  connections = [];
  globalThis.WebSocket = FakeWebSocket;
  Object.assign(FakeWebSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
  globalThis.RTCPeerConnection = class extends original.RTCPeerConnection {
    constructor(configuration, ...more) {
      attempt("construct");
      const relay = configuration?.iceTransportPolicy === "relay" && fakeRelay;
      const iceTransportPolicy = relay === "works" ? "all" : "relay";
      super(relay ? { ...configuration, iceServers: [], iceTransportPolicy } : configuration, ...more);
      // There are no relayed candidates, so gathering must not look complete.
      if (relay) Object.defineProperty(this, "iceGatheringState", { value: "gathering" });
      if (Number(relay)) setTimeout(() => this.dispatchEvent(iceError(Number(relay))));
      this.restarts = 0;
      connections.push(this);
    }
    createDataChannel(...rest) { attempt("createDataChannel"); return super.createDataChannel(...rest); }
    addTrack(...rest) { attempt("addTrack"); return super.addTrack(...rest); }
    addTransceiver(...rest) { attempt("addTransceiver"); return super.addTransceiver(...rest); }
    // Chromium sometimes fires `negotiationneeded` although there is nothing to negotiate.
    setConfiguration(configuration) {
      super.setConfiguration(configuration);
      const isEmpty = () => this.connectionState !== "closed" && this.getTransceivers().length === 0;
      setTimeout(() => isEmpty() && this.dispatchEvent(new Event("negotiationneeded")));
    }
    restartIce() {
      this.restarts += 1;
      super.restartIce();
    }
  };
  navigator.mediaDevices.getUserMedia = getUserMedia;
  MediaStreamTrack.prototype.clone = function () {
    const copy = original.cloneTrack.call(this);
    devices.tracks.push(copy);
    return copy;
  };
  MediaStream.prototype.clone = function () {
    const copy = original.cloneStream.call(this);
    devices.tracks.push(...copy.getTracks());
    return copy;
  };
  // Firefox gives access to fake devices without a prompt, but reports the permission as `prompt`.
  navigator.permissions.query = async () =>
    Object.create(PermissionStatus.prototype, { state: { get: () => devices.permission } });
  MediaStreamTrack.prototype.addEventListener = function (type, listener, ...rest) {
    trackListeners.push({ track: this, type, listener });
    EventTarget.prototype.addEventListener.call(this, type, listener, ...rest);
  };
  MediaStreamTrack.prototype.removeEventListener = function (type, listener, ...rest) {
    const found = trackListeners.findIndex((entry) =>
      entry.track === this && entry.type === type && entry.listener === listener);
    if (found >= 0) trackListeners.splice(found, 1);
    EventTarget.prototype.removeEventListener.call(this, type, listener, ...rest);
  };
}

/** Ends the stream's tracks of this kind as an unplugged device does. Calls the listeners itself: Firefox does not
 * dispatch a script's `ended` event to them. */
export function unplug(stream, kind) {
  for (const track of stream.getTracks().filter((track) => track.kind === kind)) {
    track.stop();
    const ended = trackListeners.filter((entry) => entry.track === track && entry.type === "ended");
    for (const { listener } of ended) listener.call(track, new Event("ended"));
  }
}

/** Changes the system's default microphone. Returns whether this browser lists the default as a device of its own. */
export function change_default_microphone(stream) {
  const { deviceId } = stream.getAudioTracks()[0].getSettings();
  const listed = [{ kind: "audioinput", deviceId, groupId: "of another device" }];
  navigator.mediaDevices.enumerateDevices = async () => listed;
  return deviceId === "default";
}

/** Removes the fakes. */
export function uninstall() {
  delete navigator.permissions.query;
  delete navigator.mediaDevices.enumerateDevices;
  delete MediaStreamTrack.prototype.addEventListener;
  delete MediaStreamTrack.prototype.removeEventListener;
  trackListeners.length = 0;
  Object.assign(globalThis, { WebSocket: original.WebSocket, RTCPeerConnection: original.RTCPeerConnection });
  navigator.mediaDevices.getUserMedia = original.getUserMedia;
  MediaStreamTrack.prototype.clone = original.cloneTrack;
  MediaStream.prototype.clone = original.cloneStream;
  devices.give?.();
  console.warn = original.warn;
  warnings = [];
}

/** Makes `getUserMedia` fail for these kinds ("audio", "video") with a DOMException of this name. */
export function fail_devices(kinds, name) { Object.assign(devices, { failing: kinds, error: name }); }
/** Makes `getUserMedia` fail for the device with this id. */
export function fail_device(id, name) { Object.assign(devices, { failingId: id, error: name }); }
/** The sorted kinds of the tracks that open connections send. */
export function sent_tracks() {
  const open = connections.filter((connection) => connection.connectionState !== "closed");
  const tracks = open.flatMap((connection) => connection.getSenders().map((sender) => sender.track)).filter(Boolean);
  return tracks.map((track) => track.kind).sort().join(" ");
}
/** Makes `getUserMedia` wait until `release_devices`. */
export function hold_devices() { devices.held = new Promise((give) => { devices.give = give; }); }
export function release_devices() {
  devices.give();
  devices.held = null;
}
/** Sets the state of the device permissions. */
export function set_permission(state) { devices.permission = state; }
/** The sorted kinds of the live local tracks, clones included: "audio video". */
export function live_tracks() {
  return devices.tracks.filter((track) => track.readyState === "live").map((track) => track.kind).sort().join(" ");
}
/** The sorted kinds of the live local tracks that are enabled. */
export function enabled_tracks() {
  const enabled = devices.tracks.filter((track) => track.readyState === "live" && track.enabled);
  return enabled.map((track) => track.kind).sort().join(" ");
}
/** Blocks the page's thread. */
export function block_thread(milliseconds) {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}
/** Number of ICE restarts. */
export function restarts() { return connections.reduce((sum, connection) => sum + connection.restarts, 0); }

/** An audio stream, and a stream whose video track never has a frame. */
export async function audio_and_frameless_video() {
  const video = document.createElement("canvas").captureStream();
  return [await original.getUserMedia({ audio: true }), video];
}

export function set_reachable(reachable) {
  server.reachable = reachable;
  if (!reachable) [...server.sockets].forEach((socket) => socket.drop());
}
export function set_answering(answering) { server.answering = answering; }
/** Without acknowledgements the server carries out requests, but does not acknowledge them. */
export function set_acknowledging(acknowledging) { server.acknowledging = acknowledging; }
export function set_heartbeat(interval, timeout) { Object.assign(server, { pingInterval: interval, pingTimeout: timeout }); }
export function refuse_entry(code) { server.refusal = code; }
export function deliver(text) { server.sockets.forEach((socket) => socket.deliver(text)); }
/** Number of received frames that start with `prefix`. */
export function received(prefix) { return server.received.filter((text) => text.startsWith(prefix)).length; }

/** Peer connections that are not closed. */
export function open_connections() {
  return connections.filter((connection) => connection.connectionState !== "closed").length;
}

/** `[video frames decoded, audio bytes received]`, each the minimum over all open connections. */
export async function least_received() {
  const open = connections.filter((connection) => connection.connectionState !== "closed");
  let least = [Infinity, Infinity];
  for (const connection of open) {
    let [frames, bytes] = [0, 0];
    // A connection that closes meanwhile may never answer.
    const stats = await Promise.race([connection.getStats(), new Promise((done) => setTimeout(done, 1000, new Map()))]);
    if (connection.connectionState === "closed") continue;
    stats.forEach((stat) => {
      if (stat.type !== "inbound-rtp") return;
      if (stat.kind === "video") frames += stat.framesDecoded ?? 0;
      else bytes += stat.bytesReceived ?? 0;
    });
    least = [Math.min(least[0], frames), Math.min(least[1], bytes)];
  }
  return Number.isFinite(least[0]) ? least : [0, 0];
}

/** The largest number of media sections in a connection's local description. */
export function most_media_sections() {
  return Math.max(...connections.map((connection) => (connection.localDescription?.sdp.match(/^m=/gm) ?? []).length));
}

/** The listeners on the kinds of objects that a call uses, added since `count_listeners` and not removed. */
let listeners = [];
let counting = null;
export function count_listeners() {
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  counting = { addEventListener, removeEventListener };
  listeners = [];
  const kinds = [original.RTCPeerConnection, RTCDataChannel, MediaStreamTrack, FakeWebSocket, Window];
  EventTarget.prototype.addEventListener = function (name, callback, options) {
    const target = this ?? globalThis;
    if (kinds.some((kind) => target instanceof kind) && !options?.once) listeners.push({ target, name, callback });
    return addEventListener.call(target, name, callback, options);
  };
  EventTarget.prototype.removeEventListener = function (name, callback, options) {
    const target = this ?? globalThis;
    listeners = listeners.filter((left) => left.target !== target || left.name !== name || left.callback !== callback);
    return removeEventListener.call(target, name, callback, options);
  };
}
export function listeners_left() {
  return listeners.map(({ target, name }) => `${name} of ${target.constructor.name}`).join(", ");
}
export function stop_counting_listeners() { Object.assign(EventTarget.prototype, counting); }

/** Number of WebSockets that are open at the server. */
export function open_sockets() { return server.sockets.length; }

/** Whether this browser runs Web Audio here. Firefox does so only on a machine with a sound device. */
export async function web_audio_runs() {
  const context = new AudioContext();
  const waits = new Promise((done) => setTimeout(done, 3000));
  await Promise.race([context.resume().catch(() => {}), waits]);
  const runs = context.state === 'running';
  await context.close();
  return runs;
}
