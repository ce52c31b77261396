/**
 * What this device remembers: localStorage where the browser allows it, else memory until the page
 * is left. `storage.lasting` is false as soon as something could not be kept.
 */

class DeviceStorage {
  #memory = new Map();
  lasting = true;

  /** @returns {string|null} */
  read(key) {
    if (this.#memory.has(key)) return this.#memory.get(key);
    try {
      return localStorage.getItem(key);
    } catch {
      this.lasting = false;
      return null;
    }
  }

  write(key, value) {
    try {
      localStorage.setItem(key, value);
      this.#memory.delete(key);
    } catch {
      this.lasting = false;
      this.#memory.set(key, value);
    }
  }

  remove(key) {
    this.#memory.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      this.lasting = false;
    }
  }
}

export const storage = new DeviceStorage();
