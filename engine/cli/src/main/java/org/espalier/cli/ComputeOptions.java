package org.espalier.cli;

import java.util.Locale;
import org.espalier.backend.Precision;
import org.espalier.job.ComputeSettings;
import org.espalier.job.ComputeSettings.Device;
import org.espalier.job.Engine;
import org.espalier.job.Listener;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where and how a command computes. */
@Section(Topic.MACHINE)
final class ComputeOptions {

    private ComputeSettings settings = ComputeSettings.defaults();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--threads",
            order = 2,
            paramLabel = "N",
            converter = Converters.Threads.class,
            description = "Threads that compute (default: one for each processor).")
    private void threads(int threads) {
        settings = settings.threads(threads);
    }

    @Option(
            names = "--device",
            order = 1,
            paramLabel = "D",
            converter = Converters.DeviceName.class,
            description =
                    "cpu, cuda, auto (default: ${bundle:default.device}, a GPU if there is one that can be used).")
    private void device(Device device) {
        settings = settings.device(device);
    }

    @Option(names = "--require-cuda", description = "Fail where auto would use the CPU.")
    private void requireCuda(boolean required) {
        settings = settings.cudaRequired(required);
    }

    @Option(
            names = "--precision",
            paramLabel = "P",
            description =
                    "How exactly products of matrices see their numbers: float32; half, rounded to 16 bits, which is "
                            + "up to twice as fast where the processor multiplies bfloat16; split, on processors alone, as the sum of "
                            + "two bfloat16; tf32, on GPUs alone. A GPU rounds to the weight's type, if that has 16 bits "
                            + "(default: ${bundle:default.precision}, but half to train on processors that multiply bfloat16).")
    private void precision(Precision precision) {
        settings = settings.precision(precision);
    }

    @Option(names = "--portable", description = "Compute the same bytes on any CPU with AVX2.")
    private void portable(boolean portable) {
        settings = settings.portable(portable);
    }

    /** Computes as asked for; the command shows how far it is. */
    Engine engine() {
        return engine(settings);
    }

    /** As above, with the backend of this name whatever {@code --device} says: {@code cpu}, {@code reference} or {@code cuda}. */
    Engine engine(String backend) {
        Device device = Device.valueOf(backend.toUpperCase(Locale.ROOT));
        if (settings.cudaRequired() && device != Device.CUDA) {
            throw new ParameterException(command.commandLine(), "--require-cuda does not go with --backend " + backend);
        }
        return engine(settings.device(device));
    }

    private Engine engine(ComputeSettings sound) {
        sound.complaint().ifPresent(complaint -> {
            throw new ParameterException(command.commandLine(), complaint);
        });
        Engine engine = new Engine(sound, listener());
        return command.root().userObject() instanceof Helped program
                ? program.workers()
                        .map(workers -> engine.with(workers.apply(sound)))
                        .orElse(engine)
                : engine;
    }

    private Listener listener() {
        return ((EngineCommand) command.userObject()).listener();
    }
}
