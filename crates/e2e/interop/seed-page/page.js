
// ===== What the guide leaves to the page; appended to WebRTC.js =====

// The elements that its `ontrack` looks for.
function addRemoteVideo(userId) {
  const video = document.createElement('video');
  video.id = `remoteVideo-${userId}`;
  video.autoplay = true;
  video.playsInline = true;
  document.getElementById('remoteVideos').append(video);
}
socket.on('user-joined', (data) => addRemoteVideo(data.userId));
socket.on('offer', (data) => addRemoteVideo(data.from));

// Its buttons.
Object.assign(window, { createRoom, joinRoom });
