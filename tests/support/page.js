// What the tests need of the page they run in: a signaling server inside the page, behind a WebSocket that speaks
// Socket.IO; a register of peer connections; a balance of listeners; devices that fail on demand.

/** Listeners of media tracks, to call by hand. */
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

/** The browser's devices: kinds that fail with an error of this name, requests that wait, and every track there was. */
let devices;

async function getUserMedia(constraints) {
  if (devices.held) await devices.held;
  const { failing, error } = devices;
  if (Object.keys(constraints).some((kind) => constraints[kind] && failing.includes(kind))) {
    throw new DOMException("as the test wants", error);
  }
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

/** What stands in for the relays, if anything does. */
let relayStandIn = null;

/** What connections refuse to do: "construct", or methods of theirs. */
let refused = [];
export function refuse_to(what) { refused = what; }
const attempt = (what) => {
  if (refused.includes(what)) throw new DOMException(`no ${what}, as the test wants`, "NotAllowedError");
};

/** Adds so many media sections to the first open connection. */
export function add_sections(count) {
  const [first] = connections.filter((connection) => connection.connectionState !== "closed");
  for (let number = 0; number < count; number += 1) first.addTransceiver("video", { direction: "recvonly" });
}
/** Of each open connection, how many media sections both sides have agreed on. */
export function negotiated_sections() {
  const open = connections.filter((connection) => connection.connectionState !== "closed");
  return open.map((connection) => (connection.currentLocalDescription?.sdp.match(/^m=/gm) ?? []).length);
}

const iceError = (errorCode) =>
  new RTCPeerConnectionIceErrorEvent("icecandidateerror", { url: "turn:stand.in", errorCode, errorText: "" });

/** Connections that may use relays only meet one that "works", one that is "silent", or one that refuses with this code. */
export function stand_in_for_relays(behaviour) { relayStandIn = behaviour; }
/** Whether this browser tells of servers that cannot be used. */
export function tells_errors() { return "onicecandidateerror" in original.RTCPeerConnection.prototype; }

/** Makes the server name these ICE servers, in JSON, for so many seconds. */
export function name_ice_servers(text, lifetime) {
  Object.assign(server, { iceServers: JSON.parse(text), lifetime });
}
/** Makes it plain: it does not know the question for ICE servers. */
export function name_no_ice_servers() { server.namesServers = false; }
/** Keeps what the console is warned of until the stand-ins are taken away. */
export function keep_warnings() { console.warn = (text) => warnings.push(text); }
export function warned_of(text) { return warnings.some((warning) => warning.includes(text)); }
/** The URLs that each open connection is configured with. */
export function configured_urls() {
  const open = connections.filter((connection) => connection.connectionState !== "closed");
  return open.map((connection) => (connection.getConfiguration().iceServers ?? []).map(({ urls }) => urls).join(" "));
}

/** Puts the stand-ins in place, fresh. */
export function install() {
  reset();
  relayStandIn = null;
  refused = [];
  connections = [];
  globalThis.WebSocket = FakeWebSocket;
  Object.assign(FakeWebSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
  globalThis.RTCPeerConnection = class extends original.RTCPeerConnection {
    constructor(configuration, ...more) {
      attempt("construct");
      const relay = configuration?.iceTransportPolicy === "relay" && relayStandIn;
      const iceTransportPolicy = relay === "works" ? "all" : "relay";
      super(relay ? { ...configuration, iceServers: [], iceTransportPolicy } : configuration, ...more);
      // There are no relayed candidates: whether there will be any must stay open.
      if (relay) Object.defineProperty(this, "iceGatheringState", { value: "gathering" });
      if (Number(relay)) setTimeout(() => this.dispatchEvent(iceError(Number(relay))));
      this.restarts = 0;
      connections.push(this);
    }
    createDataChannel(...rest) { attempt("createDataChannel"); return super.createDataChannel(...rest); }
    addTrack(...rest) { attempt("addTrack"); return super.addTrack(...rest); }
    addTransceiver(...rest) { attempt("addTransceiver"); return super.addTransceiver(...rest); }
    // Chromium does so now and then, though there is nothing to negotiate.
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
  // Firefox gives fake devices without permission, and then says that it would ask.
  navigator.permissions.query = async () =>
    Object.create(PermissionStatus.prototype, { state: { get: () => devices.permission } });
  MediaStreamTrack.prototype.addEventListener = function (type, listener, ...rest) {
    trackListeners.push({ track: this, type, listener });
    EventTarget.prototype.addEventListener.call(this, type, listener, ...rest);
  };
  MediaStreamTrack.prototype.removeEventListener = function (type, listener, ...rest) {
    const found = trackListeners.findIndex((one) => one.track === this && one.type === type && one.listener === listener);
    if (found >= 0) trackListeners.splice(found, 1);
    EventTarget.prototype.removeEventListener.call(this, type, listener, ...rest);
  };
}

/** Ends the stream's tracks of this kind as an unplugged device does. (Firefox passes on no such event of a script's.) */
export function unplug(stream, kind) {
  for (const track of stream.getTracks().filter((track) => track.kind === kind)) {
    track.stop();
    const ended = trackListeners.filter((one) => one.track === track && one.type === "ended");
    for (const { listener } of ended) listener.call(track, new Event("ended"));
  }
}

/** Makes another microphone the system's choice; whether this browser tells such a choice from the device that it is. */
export function choose_another_microphone(stream) {
  const { deviceId } = stream.getAudioTracks()[0].getSettings();
  const listed = [{ kind: "audioinput", deviceId, groupId: "of another device" }];
  navigator.mediaDevices.enumerateDevices = async () => listed;
  return deviceId === "default";
}

/** Takes the stand-ins away. */
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
/** Makes `getUserMedia` wait until `give_devices`. */
export function hold_devices() { devices.held = new Promise((give) => { devices.give = give; }); }
export function give_devices() {
  devices.give();
  devices.held = null;
}
/** Makes the browser say this of its permission for devices. */
export function set_permission(state) { devices.permission = state; }
/** The kinds of the local tracks that are alive, copies included, in order: "audio video". */
export function alive_tracks() {
  return devices.tracks.filter((track) => track.readyState === "live").map((track) => track.kind).sort().join(" ");
}
/** The kinds of those that pass on sound or pictures. */
export function enabled_tracks() {
  const enabled = devices.tracks.filter((track) => track.readyState === "live" && track.enabled);
  return enabled.map((track) => track.kind).sort().join(" ");
}
/** Keeps the page's thread busy. */
export function block(milliseconds) {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}
/** How often ICE was restarted. */
export function restarts() { return connections.reduce((sum, connection) => sum + connection.restarts, 0); }

/** A stream with sound, and one whose video track never has a frame. */
export async function sound_without_a_frame() {
  const video = document.createElement("canvas").captureStream();
  return [await original.getUserMedia({ audio: true }), video];
}

export function set_reachable(reachable) {
  server.reachable = reachable;
  if (!reachable) [...server.sockets].forEach((socket) => socket.drop());
}
export function set_answering(answering) { server.answering = answering; }
/** Without acknowledgements it does what it is asked for, and says nothing of it. */
export function set_acknowledging(acknowledging) { server.acknowledging = acknowledging; }
export function set_heartbeat(interval, timeout) { Object.assign(server, { pingInterval: interval, pingTimeout: timeout }); }
export function refuse(code) { server.refusal = code; }
export function deliver(text) { server.sockets.forEach((socket) => socket.deliver(text)); }
/** How many frames with this beginning the server has received. */
export function received(prefix) { return server.received.filter((text) => text.startsWith(prefix)).length; }

/** Peer connections that are not closed. */
export function open_connections() {
  return connections.filter((connection) => connection.connectionState !== "closed").length;
}

/** The least that any open connection has received: `[video frames decoded, audio bytes]`. */
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

/** Media sections of the connections' current local descriptions, as the largest number found. */
export function most_media_sections() {
  return Math.max(...connections.map((connection) => (connection.localDescription?.sdp.match(/^m=/gm) ?? []).length));
}

/** Remembers the listeners that are added to the kinds of objects that a call uses, until they are removed. */
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

/** WebSockets that the server has not lost yet. */
export function open_sockets() { return server.sockets.length; }
