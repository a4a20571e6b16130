import * as SecureStore from 'expo-secure-store';

import type { TokenStorage } from '../core/platform.js';

/** Keychain and Keystore. Readable in the background once the phone was unlocked, and never part of a backup. */
export function secureStorage(): TokenStorage {
  const options = { keychainAccessible: SecureStore.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY };
  return {
    get: (key) => SecureStore.getItemAsync(key, options),
    set: (key, value) => SecureStore.setItemAsync(key, value, options),
    remove: (key) => SecureStore.deleteItemAsync(key, options),
  };
}

/** One tab of a browser, until it is closed. Scripts of the page's own origin can read it. */
export function tabStorage(): TokenStorage {
  return {
    get: async (key) => sessionStorage.getItem(key),
    set: async (key, value) => sessionStorage.setItem(key, value),
    remove: async (key) => sessionStorage.removeItem(key),
  };
}
