// What `bench join` compares the app with: the same call through the same server, written by hand with nothing in
// between. As in the app, socket and devices are ready before the button is pressed, the connection is made as soon as
// it is known to whom, who is in the room offers at once, candidates trickle, and names and marks go over a data channel.

const room = new URLSearchParams(location.hash.slice(1)).get('room');
const socket = io({ transports: ['websocket'] });
const peers = new Map();
let iceServers = [];
let localStream;

async function start() {
  localStream = await navigator.mediaDevices.getUserMedia({
    video: { width: { ideal: 1280 }, height: { ideal: 720 } },
    audio: { echoCancellation: true, noiseSuppression: true },
  });
  document.getElementById('local').srcObject = localStream;
  if (!socket.connected) await new Promise((resolve) => socket.once('connect', resolve));
  document.body.dataset.stage = 'ready';
}

function createPeer(id) {
  const connection = new RTCPeerConnection({ iceServers });
  const peer = { connection, video: null, name: null };
  peers.set(id, peer);
  const control = connection.createDataChannel('control', { negotiated: true, id: 0 });
  control.onopen = () => {
    control.send(JSON.stringify({ type: 'hello', name: 'plain' }));
    control.send(JSON.stringify({ type: 'media', audio: true, video: true }));
  };
  control.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === 'hello') peer.name = message.name;
  };
  connection.onicecandidate = ({ candidate }) => {
    if (candidate) socket.emit('ice-candidate', { target: id, candidate });
  };
  connection.ontrack = ({ streams: [stream] }) => {
    if (peer.video) return;
    peer.video = document.createElement('video');
    peer.video.autoplay = true;
    peer.video.playsInline = true;
    peer.video.width = 640;
    peer.video.height = 360;
    peer.video.srcObject = stream;
    document.getElementById('remotes').append(peer.video);
  };
  return peer;
}

function addTracks(connection) {
  for (const track of localStream.getTracks()) connection.addTrack(track, localStream);
}

function closePeer(id) {
  peers.get(id)?.connection.close();
  peers.get(id)?.video?.remove();
  peers.delete(id);
}

socket.on('user-joined', async ({ userId }) => {
  const { connection } = createPeer(userId);
  addTracks(connection);
  await connection.setLocalDescription();
  socket.emit('offer', { target: userId, offer: connection.localDescription });
});
socket.on('offer', async ({ from, offer }) => {
  const { connection } = peers.get(from) ?? createPeer(from);
  await connection.setRemoteDescription(offer);
  addTracks(connection);
  await connection.setLocalDescription();
  socket.emit('answer', { target: from, answer: connection.localDescription });
});
socket.on('answer', ({ from, answer }) => peers.get(from)?.connection.setRemoteDescription(answer));
socket.on('ice-candidate', ({ from, candidate }) => peers.get(from)?.connection.addIceCandidate(candidate));
socket.on('user-left', ({ userId }) => closePeer(userId));

document.querySelector('[data-testid=enter]').onclick = () => {
  socket.emit('join-room', room, (answer) => {
    iceServers = answer.iceServers ?? iceServers;
    answer.existingUsers.forEach(createPeer);
    document.body.dataset.stage = 'entered';
  });
};
document.querySelector('[data-testid=leave]').onclick = () => {
  socket.emit('leave-room', () => {
    [...peers.keys()].forEach(closePeer);
    document.body.dataset.stage = 'ready';
  });
};

start();
