// ===== WebRTC.js - 사용자 A (방 생성자) =====

import { io } from 'socket.io-client';

// 시그널링 서버 연결
const socket = io('http://localhost:3000');

// PeerConnection 저장소 (여러 사용자와 연결)
const peerConnections = new Map();

// 내 비디오 스트림
let localStream = null;

// STUN 서버 설정
const config = {
  iceServers: [
    { urls: 'stun:stun.l.google.com:19302' },  // Google STUN
    { urls: 'stun:stun1.l.google.com:19302' }
  ]
};

// ===== 1. 카메라/마이크 시작 =====
async function startMedia() {
  try {
    localStream = await navigator.mediaDevices.getUserMedia({
      video: {
        width: { ideal: 1280 },
        height: { ideal: 720 }
      },
      audio: {
        echoCancellation: true,
        noiseSuppression: true
      }
    });

    // 내 비디오 화면에 표시
    document.getElementById('localVideo').srcObject = localStream;

    console.log('✅ 미디어 스트림 시작');

  } catch (error) {
    console.error('❌ 미디어 접근 실패:', error);
  }
}

// ===== 2. PeerConnection 생성 함수 =====
function createPeerConnection(remoteUserId) {
  const pc = new RTCPeerConnection(config);

  // 로컬 스트림의 트랙 추가
  localStream.getTracks().forEach(track => {
    pc.addTrack(track, localStream);
  });

  // ICE 후보 이벤트
  pc.onicecandidate = (event) => {
    if (event.candidate) {
      console.log('ICE 후보 발견:', event.candidate.candidate);

      // 시그널링 서버로 전송
      socket.emit('ice-candidate', {
        target: remoteUserId,
        candidate: event.candidate
      });
    }
  };

  // 원격 스트림 수신
  pc.ontrack = (event) => {
    console.log('원격 스트림 수신:', event.streams[0]);

    // 상대방 비디오 화면에 표시
    const remoteVideo = document.getElementById(`remoteVideo-${remoteUserId}`);
    if (remoteVideo) {
      remoteVideo.srcObject = event.streams[0];
    }
  };

  // 연결 상태 변경
  pc.onconnectionstatechange = () => {
    console.log(`[${remoteUserId}] 연결 상태:`, pc.connectionState);

    if (pc.connectionState === 'connected') {
      console.log(`✅ ${remoteUserId}와 P2P 연결 성공!`);
    }
  };

  // ICE 연결 상태 변경
  pc.oniceconnectionstatechange = () => {
    console.log(`[${remoteUserId}] ICE 상태:`, pc.iceConnectionState);
  };

  peerConnections.set(remoteUserId, pc);
  return pc;
}

// ===== 3. Offer 전송 (방 생성자가 먼저) =====
async function sendOffer(remoteUserId) {
  const pc = createPeerConnection(remoteUserId);

  try {
    // Offer 생성
    const offer = await pc.createOffer();

    console.log('Offer 생성:', offer);

    // Local Description 설정
    await pc.setLocalDescription(offer);

    console.log('Local Description 설정 완료');

    // 시그널링 서버로 전송
    socket.emit('offer', {
      target: remoteUserId,
      offer: pc.localDescription
    });

    console.log(`✅ Offer 전송 완료 → ${remoteUserId}`);

  } catch (error) {
    console.error('❌ Offer 생성 실패:', error);
  }
}

// ===== 4. Answer 수신 =====
socket.on('answer', async (data) => {
  console.log(`Answer 수신 ← ${data.from}`, data.answer);

  const pc = peerConnections.get(data.from);

  if (pc) {
    try {
      // Remote Description 설정
      await pc.setRemoteDescription(data.answer);

      console.log('Remote Description 설정 완료');

    } catch (error) {
      console.error('❌ Answer 처리 실패:', error);
    }
  }
});

// ===== 5. ICE Candidate 수신 =====
socket.on('ice-candidate', async (data) => {
  console.log(`ICE 후보 수신 ← ${data.from}`, data.candidate.candidate);

  const pc = peerConnections.get(data.from);

  if (pc) {
    try {
      await pc.addIceCandidate(data.candidate);

      console.log('ICE 후보 추가 완료');

    } catch (error) {
      console.error('❌ ICE 후보 추가 실패:', error);
    }
  }
});

// ===== 6. 방 생성 =====
async function createRoom(roomId) {
  await startMedia();

  socket.emit('create-room', roomId, (response) => {
    if (response.success) {
      console.log('✅ 방 생성 완료:', response.roomId);
    }
  });
}

// ===== 7. 새 사용자 입장 시 Offer 전송 =====
socket.on('user-joined', (data) => {
  console.log(`새 사용자 입장: ${data.userId}`);

  // 새 사용자에게 Offer 전송
  setTimeout(() => {
    sendOffer(data.userId);
  }, 1000);
});

// ===== WebRTC.js - 사용자 B (방 입장자) =====

// ===== 1. Offer 수신 =====
socket.on('offer', async (data) => {
  console.log(`Offer 수신 ← ${data.from}`, data.offer);

  // PeerConnection 생성
  const pc = createPeerConnection(data.from);

  try {
    // Remote Description 설정 (상대방 정보)
    await pc.setRemoteDescription(data.offer);

    console.log('Remote Description 설정 완료');

    // Answer 생성
    const answer = await pc.createAnswer();

    console.log('Answer 생성:', answer);

    // Local Description 설정
    await pc.setLocalDescription(answer);

    console.log('Local Description 설정 완료');

    // 시그널링 서버로 전송
    socket.emit('answer', {
      target: data.from,
      answer: pc.localDescription
    });

    console.log(`✅ Answer 전송 완료 → ${data.from}`);

  } catch (error) {
    console.error('❌ Answer 생성 실패:', error);
  }
});

// ===== 2. 방 입장 =====
async function joinRoom(roomId) {
  await startMedia();

  socket.emit('join-room', roomId, (response) => {
    if (response.success) {
      console.log('✅ 방 입장 완료:', response.roomId);
      console.log('기존 참여자:', response.existingUsers);

      // 기존 참여자들에게 Offer 전송
      // (실제로는 기존 참여자가 먼저 Offer 보냄)
    }
  });
}
