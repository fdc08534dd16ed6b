# For people: the build itself is meson's. `make` builds build/parka.
BUILD ?= build
.PHONY: all deps run test clean install

all: $(BUILD)/parka

$(BUILD)/build.ninja:
	@scripts/deps.sh --check build || scripts/deps.sh build
	meson setup $(BUILD)

.PHONY: $(BUILD)/parka
$(BUILD)/parka: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@ln -sf src/cli/parka $(BUILD)/parka

deps:
	scripts/deps.sh all

run:
	@scripts/run.sh

test:
	@scripts/test.sh

install: all
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) build-asan build-clang build-fuzz
