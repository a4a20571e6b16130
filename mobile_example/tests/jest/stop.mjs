export default () => globalThis.stopBroker();
