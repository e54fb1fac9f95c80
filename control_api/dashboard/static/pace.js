// Keeps repeated work apart: the first call acts at once, those that follow within the pause act together after it.

/** Returns a function that runs `action` at most once in `milliseconds`, and always once more after the last call. */
export function paced(action, milliseconds) {
  let timer = null;
  let askedAgain = false;
  const act = () => {
    action();
    timer = setTimeout(() => {
      timer = null;
      if (askedAgain) {
        askedAgain = false;
        act();
      }
    }, milliseconds);
  };
  return () => {
    if (timer === null) act();
    else askedAgain = true;
  };
}

/** Returns a function that runs `action` once its calls have stopped for `milliseconds`. */
export function settled(action, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}
