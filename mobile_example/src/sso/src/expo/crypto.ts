// Hermes has no crypto.subtle, and a web page has it only over https.
import { CryptoDigestAlgorithm, digest, getRandomBytes } from 'expo-crypto';

import type { Crypto } from '../core/platform.js';

export const expoCrypto: Crypto = {
  random: (bytes) => getRandomBytes(bytes),
  sha256: async (text) => new Uint8Array(await digest(CryptoDigestAlgorithm.SHA256, new TextEncoder().encode(text))),
};
