package org.espalier.spark;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkFiles;
import org.espalier.error.Failure;
import org.espalier.job.Engine;
import org.espalier.job.Listener;
import org.espalier.job.MemorySettings;
import org.espalier.job.ModelPlace;
import org.espalier.job.OpenModel;
import org.espalier.job.WorkPlace;

/** A worker as the engine's works see it. What was once looked at in this process is not looked at again. */
record Worker(Orders orders) implements WorkPlace {

    private static final Map<Orders, String> COMPUTERS = new ConcurrentHashMap<>();
    private static final Map<ModelPlace, String> HASHES = new ConcurrentHashMap<>();

    @Override
    public OpenModel open(ModelPlace place) {
        ModelPlace here = here(place);
        return engine().open(
                        Path.of(here.model()),
                        Optional.ofNullable(here.adapter()).map(Path::of));
    }

    @Override
    public OpenModel open(ModelPlace place, ModelPlace smaller) {
        return engine().open(Path.of(here(place).model()), Path.of(here(smaller).model()));
    }

    /** Where a model lies at this worker, which is one that may compute with it. */
    private ModelPlace here(ModelPlace place) {
        requireSameComputer();
        ModelPlace here = new ModelPlace(local(place.model()), place.adapter() == null ? null : local(place.adapter()));
        requireSameModel(place, here);
        return here;
    }

    private String local(String path) {
        String copy = orders.copies().get(path);
        return copy == null ? path : SparkFiles.get(copy);
    }

    private Engine engine() {
        return new Engine(orders.compute(), Listener.NONE);
    }

    private void requireSameComputer() {
        String mine = COMPUTERS.computeIfAbsent(
                orders,
                same -> new Engine(same.compute(), Listener.NONE).computer().toString());
        if (!mine.equals(orders.computer())) {
            throw new Failure(
                    "this worker does not compute as the driver does, which has " + orders.computer() + ", but with "
                            + mine,
                    "worker " + host(),
                    "use machines of one kind, or add --portable");
        }
    }

    private void requireSameModel(ModelPlace place, ModelPlace here) {
        String expected = orders.hashes().get(place.toString());
        String found;
        try {
            found = HASHES.computeIfAbsent(here, ModelPlace::sha256);
        } catch (Failure e) {
            throw anotherModel("this worker cannot read the model: " + e.problem(), here);
        }
        if (!found.equals(expected)) {
            throw anotherModel("the model at this worker is not the driver's", here);
        }
    }

    private static Failure anotherModel(String problem, ModelPlace here) {
        return new Failure(
                problem,
                "worker " + host() + ", " + here.model(),
                "put the model on a file system that all share, or add --copy-models");
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "of unknown name";
        }
    }

    @Override
    public int threads() {
        return orders.threads();
    }

    /** An equal part for every task of this worker. */
    @Override
    public MemorySettings memory() {
        MemorySettings all = MemorySettings.defaults();
        return all.bytes(all.bytes() / orders.slots());
    }
}
