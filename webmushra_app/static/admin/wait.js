/** Loads the page again until what it waits for is there. */

setTimeout(() => location.reload(), 1500);
