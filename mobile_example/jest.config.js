// The Expo bindings and the hooks, as iOS and as Android resolve them, against a real broker.
module.exports = {
  globalSetup: '<rootDir>/tests/jest/start.mjs',
  globalTeardown: '<rootDir>/tests/jest/stop.mjs',
  projects: ['ios', 'android'].map((platform) => ({
    displayName: platform,
    preset: `jest-expo/${platform}`,
    testMatch: ['<rootDir>/tests/jest/**/*.test.tsx'],
    modulePathIgnorePatterns: ['<rootDir>/src/sso/package.json', '<rootDir>/dist'],
  })),
};
